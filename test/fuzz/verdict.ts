/** What a run is worth: it is ok only if it found nothing where it was able to find something. */
import type { FuzzResult } from './run.ts'

export type Verdict = {
  readonly ok: boolean
  /** Why not, a sentence each. */
  readonly faults: readonly string[]
}

const passedFramingMin = 0.3
const heapGrowthMaxBytes = 10 * 1024 * 1024
/** Fewer inputs cannot be expected to reach everything. */
const enoughInputs = 10_000

export function judge(result: FuzzResult): Verdict {
  const { inputs, passedFraming, missing, findings, heapGrowthBytes } = result
  const faults = findings.map(({ input, message }) => `input ${input}: ${message}`)
  if (inputs === 0) faults.push('nothing was tried')
  if (passedFraming < inputs * passedFramingMin) {
    faults.push(`only ${passedFraming} of ${inputs} inputs passed framing`)
  }
  if (heapGrowthBytes > heapGrowthMaxBytes) faults.push(`the heap grew by ${heapGrowthBytes} bytes`)
  if (inputs >= enoughInputs && missing.length > 0) {
    faults.push(`never reached: ${missing.join(', ')}`)
  }
  return { ok: faults.length === 0, faults }
}
