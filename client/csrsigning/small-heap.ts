/**
 * Has V8 collect garbage early. Otherwise it lets the heap of a process grow to several times what is in use: during a
 * flood of CSRs, objects that live for as long as a call become old, and V8 collects old objects only when it has to.
 * The forwarder shares its node with the API server and etcd.
 *
 * Set by the program, so that it counts for the executable, too, which takes no options of Node and ignores NODE_OPTIONS.
 * The flag is among those that V8 reads whenever it decides how far a heap may grow. A limit (`--max-old-space-size`)
 * would end the process instead, and everyone who can create large CSRs could reach it.
 */
import { setFlagsFromString } from 'node:v8';

export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}
