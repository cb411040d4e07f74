// watch-names FOLDER: prints the name of every file and folder that is created, linked or moved anywhere in the file
// system of FOLDER, one per line, in any mount and namespace. The first line is "watching".
//
// It uses fanotify(7) with one mark for the whole file system. inotify watches single folders, and misses what
// happens in a new folder before it is watched. Needs CAP_SYS_ADMIN and Linux 5.9.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// include/uapi/linux/fanotify.h
const (
	initFlags      = 0x0 | 0xc00 | 0x10        // FAN_CLASS_NOTIF, FAN_REPORT_DFID_NAME, FAN_UNLIMITED_QUEUE
	markFlags      = 0x1 | 0x100               // FAN_MARK_ADD, FAN_MARK_FILESYSTEM
	events         = 0x100 | 0x80 | 0x40000000 // FAN_CREATE, FAN_MOVED_TO, FAN_ONDIR
	queueOverflow  = 0x4000
	dfidName       = 2  // FAN_EVENT_INFO_TYPE_DFID_NAME
	metadataLength = 24 // struct fanotify_event_metadata
	infoLength     = 12 // struct fanotify_event_info_header and the file system's id
	handleLength   = 8  // struct file_handle without the handle
)

func main() {
	if len(os.Args) != 2 {
		fail("usage: watch-names FOLDER")
	}
	path, err := syscall.BytePtrFromString(os.Args[1])
	check(err)
	watch, _, errno := syscall.Syscall(syscall.SYS_FANOTIFY_INIT, initFlags, syscall.O_RDONLY, 0)
	checkErrno("fanotify_init", errno)
	here := -100 // AT_FDCWD
	_, _, errno = syscall.Syscall6(syscall.SYS_FANOTIFY_MARK, watch, markFlags, events, uintptr(here), uintptr(unsafe.Pointer(path)), 0)
	checkErrno("fanotify_mark", errno)
	fmt.Println("watching")
	buffer := make([]byte, 64*1024)
	for {
		length, err := syscall.Read(int(watch), buffer)
		check(err)
		for rest := buffer[:length]; len(rest) > 0; {
			size := binary.LittleEndian.Uint32(rest)
			show(rest[:size])
			rest = rest[size:]
		}
	}
}

// The event, then one record with the folder's handle and, behind that, the name.
func show(event []byte) {
	if binary.LittleEndian.Uint64(event[8:])&queueOverflow != 0 {
		fail("the queue was full: names were lost")
	}
	info := event[metadataLength:]
	if len(info) < infoLength+handleLength || info[0] != dfidName {
		fail("an event without a name")
	}
	handle := int(binary.LittleEndian.Uint32(info[infoLength:]))
	name, _, _ := bytes.Cut(info[infoLength+handleLength+handle:], []byte{0})
	fmt.Printf("%s\n", name)
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func checkErrno(what string, errno syscall.Errno) {
	if errno != 0 {
		fail(what + ": " + errno.Error())
	}
}

func fail(reason string) {
	fmt.Fprintln(os.Stderr, "watch-names: "+reason)
	os.Exit(1)
}
