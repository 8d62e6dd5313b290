/**
 * The module that says what worker nodes run. Modules are code, and code does not travel between
 * threads: each thread imports the file itself. It exports `modules`, and may export `options`;
 * both are looked at by `startNode` too.
 */
import type { NodeOptions } from './options.ts'

/** Options of a worker node that its program may set; the rest is for who starts it. */
const settable = [
  'applications',
  'checked',
  'config',
  'exposeStacks',
  'logger',
  'longTurnMs',
  'observe',
  'quiet',
  'root',
  'spawnable',
] as const satisfies readonly (keyof NodeOptions)[]

/** What a program may export as `options`: options of `startNode`, for each of its nodes. */
export type WorkerOptions = Pick<NodeOptions, (typeof settable)[number]>

type Program = {
  readonly modules: NonNullable<NodeOptions['modules']>
  readonly options?: WorkerOptions
}

/** Imports the program at `url`. Throws an Error that says what is wrong with it. */
export async function loadProgram(url: string): Promise<Program> {
  const program: object = await import(url)
  const fault = faultOf(program)
  if (fault !== undefined) throw new Error(`${url}: ${fault}`)
  if (isProgram(program)) return program
  throw new Error(`${url}: export \`modules\`, an array of behaviours and processes`)
}

function isProgram(program: object): program is Program {
  return 'modules' in program && Array.isArray(program.modules)
}

function faultOf(program: object): string | undefined {
  const options = 'options' in program ? program.options : undefined
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) return '`options` is not an object'
  const foreign = Object.keys(options).find((key) => !settable.some((name) => name === key))
  if (foreign === undefined) return undefined
  return `options: '${foreign}' is not for a program to set; it may set ${settable.join(', ')}`
}
