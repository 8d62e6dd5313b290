/**
 * The verdict on a churn: the heap did not grow, nothing is left in the tables, all that was begun
 * was seen to end. Pure.
 *
 * Growth is that of the straight line through the marks (least squares) from the second tenth on;
 * before it code is compiled, tables take their size and hidden classes appear. A line rather than
 * the last mark less the first: one odd mark moves it little, and a leak, which grows with the
 * operations, moves it fully. Marks of a flat heap lie within 0.3 MB of each other, so their line
 * stays well below the bound; one object of two words for every hundred operations is above it.
 */
import { judge, type Row, type RowSpec } from '../row.ts'
import { completed, discrepancies, type Tally } from './tally.ts'

export type ChurnReport = {
  readonly checked: boolean
  readonly tally: Tally
  /** Entries of tables that are there in the end and were not before. */
  readonly left: number
  /** Bytes after full collections: before the first operation and after each tenth of them. */
  readonly heap: readonly number[]
}

const settledTenths = 2
const bytesPerMegabyte = 1_000_000

type Bounds = Pick<RowSpec, 'id' | 'name' | 'unit' | 'needed' | 'aim'>

const growthRow: Bounds = {
  id: 'heap-growth',
  name: 'growth of the heap after the first fifth',
  unit: 'MB',
  needed: 1,
  aim: 0.25,
}

const leftRow: Bounds = {
  id: 'entries-left',
  name: 'processes, links, monitors, messages left over',
  unit: 'entries',
  needed: 0,
  aim: 0,
}

/** Bytes by which the heap grew from the second tenth to the end. */
export function growthBytes(heap: readonly number[]): number {
  const settled = heap.slice(settledTenths)
  const count = settled.length
  if (count < 2) throw new RangeError(`growth: expected a mark per tenth, got ${heap.length}`)
  const middle = (count - 1) / 2
  const mean = settled.reduce((sum, bytes) => sum + bytes, 0) / count
  let above = 0
  let below = 0
  settled.forEach((bytes, at) => {
    above += (at - middle) * (bytes - mean)
    below += (at - middle) ** 2
  })
  return (above / below) * (count - 1)
}

/** The rows of a run that was asked for at least `operations` operations. */
export function rowsOf(report: ChurnReport, operations: number): Row[] {
  const { tally, heap, left } = report
  const done = completed(tally)
  const whole = discrepancies(tally).length === 0 && done >= operations
  const detail = { ...tally, startBytes: heap[0] ?? 0, endBytes: heap.at(-1) ?? 0 }
  const rest = { better: 'lower', peerName: null, operations: done, options: {} } as const
  const arrived = whole ? done : -1
  const growth = growthBytes(heap) / bytesPerMegabyte
  return [
    judge({ ...growthRow, ...rest }, [{ value: growth, arrived, detail }], null),
    judge({ ...leftRow, ...rest }, [{ value: left, arrived }], null),
  ]
}
