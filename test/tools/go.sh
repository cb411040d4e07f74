# To be sourced: finds a Go that can build what the tests need. `find_go` installs Debian's package if necessary and
# possible, and sets $go_missing (empty if there is a Go); `recent_go` prints the program to call.

go=1.25.0 # only where the machine's own Go is too old to fetch what go.mod asks for

# Since 1.21, Go downloads the release that a go.mod requires. An older Go (Debian 12 has 1.19) can download it as a
# module, which is then not executable.
recent_go() {
  local minor platform dir
  minor=$(go version | sed -nE 's/^go version go1\.([0-9]+).*/\1/p')
  if [ "${minor:-99}" -ge 21 ]; then
    command -v go
    return
  fi
  platform=$(go env GOOS)-$(go env GOARCH)
  dir=$(cd "$tools" && go mod download -json "golang.org/toolchain@v0.0.1-go$go.$platform" | sed -nE 's/^\t"Dir": "(.*)",$/\1/p')
  chmod +x "$dir"/bin/* "$dir"/pkg/tool/*/*
  echo "$dir/bin/go"
}

go_missing=unknown
find_go() {
  [ "$go_missing" = unknown ] || return 0
  if ! command -v go >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    {
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends golang ||
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends golang; }
    } >"$tools/log/golang" 2>&1 || true
  fi
  go_missing=
  command -v go >/dev/null || go_missing='no Go toolchain here, and apt-get could not install one'
}
