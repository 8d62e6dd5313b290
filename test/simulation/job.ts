/** The OS process of one job of `many.ts`: runs the seeds it is sent, one at a time. */
import { runSeed } from './run-seed.ts'
import type { SizeRange } from './scenario.ts'

process.on('message', async ({ seed, size }: { seed: number; size?: SizeRange }) => {
  process.send?.(await runSeed(seed, { size }))
})
