/** The OS process of one job of `many.ts`: runs the seeds it is sent, one at a time. */
import { runSeed } from './run-seed.ts'

process.on('message', async ({ seed }: { seed: number }) => {
  process.send?.(await runSeed(seed))
})
