/**
 * The process that does the work of `npm run fuzz`: told what to do in its first argument, it tells
 * its parent how far it is, then the result. A parent that hears nothing knows where it hangs.
 */
import type { FuzzArguments } from './options.ts'
import { type FuzzResult, runFuzz } from './run.ts'
import { openTarget } from './targets.ts'

export type JobMessage =
  | { readonly tag: 'progress'; readonly done: number }
  | { readonly tag: 'result'; readonly result: FuzzResult }

const tell = (message: JobMessage): void => {
  process.send?.(message)
}

const { target, seed, first, inputs, seconds }: FuzzArguments = JSON.parse(process.argv[2] ?? '')
const endMs = performance.now() + seconds * 1000
const result = await runFuzz(await openTarget(target), {
  seed,
  first,
  inputs,
  isOver: () => performance.now() > endMs,
  onProgress: (done) => tell({ tag: 'progress', done }),
})
tell({ tag: 'result', result })
process.disconnect()
