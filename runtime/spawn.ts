/**
 * Spawning here. The process exists, is linked, monitored and named when `spawn` returns; its body
 * begins in a later turn (rules L6, M7: there is no window in which it could die unseen).
 */
import { BoundedProcess, checkMailbox, type MailboxOptions } from './bounded-process.ts'
import { show } from './check.ts'
import type { Ref, ViaName } from './destination.ts'
import { BadArgument, Exit, type Reason } from './exit.ts'
import type { Pid, Reference } from './identifier.ts'
import { limits } from './limits.ts'
import { type Caller, callerProcess, systemOf } from './local-node.ts'
import { type AnyModule, Module, type StartResult } from './module.ts'
import { monitorLocal } from './monitoring.ts'
import { LINKED_START, Process, type Receiver, SHIELDED, UNHELD } from './process.ts'
import { processOf, type Self } from './self.ts'
import { linkLocal } from './signals.ts'
import type { System } from './system.ts'
import { prepare } from './term.ts'

export type SpawnOptions = {
  /** Local name, registered before the body begins. */
  readonly name?: string
  /** `high` runs before all `normal` processes. Default `normal`. */
  readonly priority?: 'normal' | 'high'
  /** A bound for its mailbox, and what happens above it. Default: none, with a `mailboxHigh`. */
  readonly mailbox?: MailboxOptions
}

/** Arguments of a spawn: `arg` may be left out where the module takes none. */
export type ArgOf<Arg, Options> = [Arg] extends [void]
  ? [arg?: undefined, options?: Options]
  : [arg: Arg, options?: Options]

/**
 * Starts a process and returns its pid at once.
 * Throws `BadArgument` for a bad module, a taken name or an unknown option, and
 * `Exit({ tag: 'systemLimit', limit: 'processes' })` when the table is full, or
 * `Exit('shutdown')` when the node has been stopped.
 */
export function spawn<P, Arg>(
  caller: Caller,
  module: Module<P, Arg>,
  ...[arg, options]: ArgOf<Arg, SpawnOptions>
): Ref<P> {
  const parent = callerProcess(caller)
  return create(systemOf(caller), module, arg, createOptions(options, parent, false)).pid
}

/** `spawn`, linked with the caller from the start. */
export function spawnLink<P, Arg>(
  self: Self,
  module: Module<P, Arg>,
  ...[arg, options]: ArgOf<Arg, SpawnOptions>
): Ref<P> {
  const parent = processOf(self)
  return create(parent.system, module, arg, createOptions(options, parent, true)).pid
}

/** `spawn`, monitored by the caller from the start. */
export function spawnMonitor<P, Arg>(
  self: Self,
  module: Module<P, Arg>,
  ...[arg, options]: ArgOf<Arg, SpawnOptions>
): { readonly pid: Ref<P>; readonly ref: Reference } {
  const parent = processOf(self)
  const process = create(parent.system, module, arg, createOptions(options, parent, false))
  return { pid: process.pid, ref: monitorLocal(parent, process, process.pid) }
}

function createOptions(
  options: SpawnOptions | undefined,
  parent: Process | null,
  link: boolean,
): CreateOptions {
  if (options === undefined) return { parent, link }
  if (typeof options !== 'object' || options === null) {
    throw new BadArgument(`spawn: expected options, got ${show(options)}`)
  }
  for (const [key, value] of Object.entries(options)) {
    if (key === 'name' && typeof value === 'string') continue
    if (key === 'priority' && (value === 'normal' || value === 'high')) continue
    if (key === 'mailbox') {
      checkMailbox(value)
      continue
    }
    throw new BadArgument(`spawn: option ${key} is unknown or has a bad value: ${String(value)}`)
  }
  return { ...options, parent, link }
}

export type CreateOptions = Omit<SpawnOptions, 'name'> & {
  /** Local or via name. Whether a registry gives it has been asked before. */
  readonly name?: string | ViaName
  readonly parent: Process | null
  /** The parent when it is a process of another node. */
  readonly parentElsewhere?: Pid | null
  readonly link?: boolean
  /** Told how the initialisation went; only the first telling counts. */
  readonly started?: (result: StartResult) => void
}

/** Makes the process and queues it. Internal: the public forms are above. */
export function create(
  system: System,
  module: AnyModule,
  arg: unknown,
  options: CreateOptions,
): Process {
  if (!(module instanceof Module)) {
    throw new BadArgument(`spawn: expected a module or behaviour, got ${String(module)}`)
  }
  if (system.stopped) throw new Exit('shutdown', 'spawn: the node has been stopped')
  const given = system.checked ? prepare(arg, 'arg') : arg
  const told = options.started
  // Whoever waits for the initialisation hears of it even if the process is killed before it ends.
  const hook = told && ((reason: Reason) => told({ tag: 'error', reason }))
  const Kind = options.mailbox === undefined ? Process : BoundedProcess
  const parent = options.parent?.pid ?? options.parentElsewhere ?? null
  const { processes } = system
  const index = processes.claim()
  if (index === undefined) {
    throw new Exit({ tag: 'systemLimit', limit: 'processes', max: limits.processesMax }, 'spawn')
  }
  const high = options.priority === 'high'
  const process = new Kind(system, index, processes.serialFor(index), module.name, parent, high)
  processes.put(process)
  process.receiver = new Start(process, module, given, told, hook)
  if (options.mailbox && process instanceof BoundedProcess) process.bound(options.mailbox)
  if (system.modules.isShielded(module)) process.flags |= SHIELDED | UNHELD
  if (hook !== undefined) process.exitHooks = [hook]
  if (options.name !== undefined) {
    try {
      if (typeof options.name === 'string') system.register(options.name, process)
      else system.registries.register(options.name, process.pid)
    } catch (error) {
      system.processes.remove(process)
      throw error
    }
  }
  if (options.link && options.parent !== null) {
    linkLocal(options.parent, process)
    process.flags |= LINKED_START
  }
  if (system.trace.active) {
    system.trace.emit({
      tag: 'spawn',
      pid: process.pid,
      module: module.name,
      parent: process.parent,
    })
  }
  system.scheduler.wake(process)
  return process
}

type Hook = (reason: Reason) => void

/** How a process begins: what its module and its starter gave, let go as soon as it has. */
class Start implements Receiver {
  readonly #process: Process
  readonly #module: AnyModule
  readonly #arg: unknown
  readonly #told: CreateOptions['started']
  readonly #hook: Hook | undefined

  constructor(
    process: Process,
    module: AnyModule,
    arg: unknown,
    told: CreateOptions['started'],
    hook: Hook | undefined,
  ) {
    this.#process = process
    this.#module = module
    this.#arg = arg
    this.#told = told
    this.#hook = hook
  }

  receive(): void {
    const process = this.#process
    this.#module.begin(process, this.#arg, startedOf(process, this.#told, this.#hook))
  }
}

/** What a module calls when it has begun: tells, and forgets what was kept to tell. */
function startedOf(
  process: Process,
  told: ((result: StartResult) => void) | undefined,
  hook: Hook | undefined,
): (result: StartResult) => void {
  if (told === undefined) return ignoreResult
  return (result) => {
    const others = process.exitHooks?.filter((other) => other !== hook) ?? []
    process.exitHooks = others.length > 0 ? others : null
    told(result)
  }
}

function ignoreResult(): void {
  // A plain spawn has nobody to tell.
}
