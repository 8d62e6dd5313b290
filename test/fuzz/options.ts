/** The arguments of `npm run fuzz`, checked: a mistake is answered with the option's name. */
import { parseArgs } from 'node:util'

export const targetNames = ['wire', 'auth', 'cluster'] as const
export type TargetName = (typeof targetNames)[number]

export type FuzzArguments = {
  readonly target: TargetName
  readonly seed: number
  /** Number of the first input. */
  readonly first: number
  readonly inputs: number
  readonly seconds: number
}

const optional = '[--seconds S] [--inputs N] [--seed K] [--first N]'
const usage = `npm run fuzz -- ${targetNames.join('|')} ${optional}`
const seedMax = 2 ** 32 - 1
const inputsMax = 1e9
const secondsMax = 86_400
/** Without either bound. */
const defaultInputs = 1_000_000

/** Throws an Error that says what is wrong. Without `--seed` the seed is `freshSeed`. */
export function parseArguments(args: readonly string[], freshSeed: number): FuzzArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      inputs: { type: 'string' },
      seed: { type: 'string' },
      first: { type: 'string' },
    },
  })
  const target = targetNames.find((name) => name === positionals[0])
  if (target === undefined || positionals.length > 1) {
    throw new Error(`expected one target, got "${positionals.join(' ')}"; usage: ${usage}`)
  }
  const unbounded = values.seconds === undefined ? defaultInputs : inputsMax
  return {
    target,
    seed: whole('--seed', values.seed, 0, seedMax) ?? freshSeed,
    first: whole('--first', values.first, 0, inputsMax) ?? 0,
    inputs: whole('--inputs', values.inputs, 1, inputsMax) ?? unbounded,
    seconds: whole('--seconds', values.seconds, 1, secondsMax) ?? secondsMax,
  }
}

function whole(
  option: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new Error(`${option} must be a whole number from ${min} to ${max}, got "${text}"`)
}
