/** The heap of this OS process after full collections, without a flag on the command line. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Collects all that can be collected now. */
export function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc: () => void = runInNewContext('gc')
  gc()
}

/** Bytes of live and not yet collected objects. */
export function heapBytes(): number {
  return process.memoryUsage().heapUsed
}
