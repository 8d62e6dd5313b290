/**
 * Runs a target over many inputs. Every input has a random source of its own, made of the seed and
 * its number, so that a fault is seen again alone, without the inputs before it.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { seededRandom } from '../../runtime/platform/sim.ts'
import { collect } from '../bench/heap.ts'
import type { Target } from './target.ts'

export type FuzzOptions = {
  readonly seed: number
  /** Number of the first input. Default 0. */
  readonly first?: number
  /** At most so many inputs. */
  readonly inputs: number
  /** Asked now and then: true ends the run. */
  readonly isOver?: () => boolean
  /** Told how many inputs are done, often enough for a watchdog. */
  readonly onProgress?: (done: number) => void
}

export type Finding = { readonly input: number; readonly message: string }

export type FuzzResult = {
  readonly inputs: number
  readonly passedFraming: number
  /** What was reached, and how often. */
  readonly reached: Readonly<Record<string, number>>
  /** What is required and was not reached. */
  readonly missing: readonly string[]
  readonly findings: readonly Finding[]
  /** Live memory after all inputs, less that after the first few. */
  readonly heapGrowthBytes: number
}

const findingsMax = 10
const progressEvery = 200
/** Inputs after which caches are warm and code is compiled. */
const warmUpInputs = 5_000

export async function runFuzz(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, first = 0, inputs, isOver, onProgress } = options
  const reached: Record<string, number> = Object.fromEntries(
    target.required.map((what) => [what, 0]),
  )
  const reach = (what: string): void => {
    reached[what] = (reached[what] ?? 0) + 1
  }
  const findings: Finding[] = []
  let passedFraming = 0
  let done = 0
  const one = async (): Promise<void> => {
    const input = first + done
    try {
      const trial = target.tryOne(randomOf(seed, input), reach)
      const { passedFraming: passed } = trial instanceof Promise ? await trial : trial
      if (passed) passedFraming += 1
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
      findings.push({ input, message })
    }
    done += 1
  }
  let before = liveBytes()
  while (done < inputs && findings.length < findingsMax) {
    await one()
    if (done === warmUpInputs) before = liveBytes()
    if (done % progressEvery > 0) continue
    onProgress?.(done)
    if (isOver?.()) break
  }
  return {
    inputs: done,
    passedFraming,
    reached,
    missing: target.required.filter((what) => reached[what] === 0),
    findings,
    heapGrowthBytes: Math.max(0, liveBytes() - before),
  }
}

/** Well mixed, so that neighbours have nothing in common. */
function randomOf(seed: number, input: number): Random {
  return seededRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(input, 0x85ebca6b)) >>> 0)
}

function liveBytes(): number {
  collect()
  // The memory of array buffers is given back beside the collection that finds them dead.
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
