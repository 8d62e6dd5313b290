/**
 * One churn: `program OPERATIONS`. Tells of every tenth on standard error and prints the report as
 * one line of JSON. Runs with the defaults of a node, except that crashes are not printed.
 */
import { startRuntime } from '../../../runtime/index.ts'
import { collect, heapBytes } from '../heap.ts'
import { churn } from './churn.ts'
import type { ChurnReport } from './verdict.ts'

async function main(): Promise<void> {
  const operations = Number(process.argv[2])
  const heap: number[] = []
  const node = startRuntime({ name: 'churn@localhost', quiet: true })
  const { tally, left } = await churn(node, operations, async (tenth) => {
    heap.push(await settledHeap())
    process.stderr.write(`${tenth * 10} %: heap ${(heap.at(-1) ?? 0) / 1e6} MB\n`)
  })
  const checked = await node.run((self) => Object.isFrozen(self.send(self.pid, { probe: true })))
  await node.stop()
  const report: ChurnReport = { checked, tally, left, heap }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

/** What a weak reference held is let go only a turn after the collection that saw it. */
async function settledHeap(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    collect()
    await new Promise(setImmediate)
  }
  return heapBytes()
}

await main()
