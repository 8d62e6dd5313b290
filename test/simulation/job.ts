/** The OS process of one job of `many.ts`: runs the seeds it is sent, one at a time. */
import { type NamedRun, runNamed } from './named-run.ts'

process.on('message', async ({ seed, run }: { seed: number; run: NamedRun }) => {
  process.send?.(await runNamed(seed, run))
})
