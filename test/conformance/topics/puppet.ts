/**
 * A process that does what it is told by message, from anywhere, and tells its boss of every other
 * message it gets. With it a case stages any exchange of signals between two nodes without sharing
 * memory or listing a module of its own.
 *
 * `order` and the commands are plain data. Commands are carried out in the order they arrive, so a
 * pong is proof that everything its sender sent before has been dealt with.
 */
import {
  exit,
  isExit,
  type Pid,
  process,
  type Reason,
  type Ref,
  type Self,
  spawn,
} from '../../../runtime/index.ts'
import type { Place } from './topic.ts'

export type Command =
  | { readonly tag: 'ping'; readonly to: Pid; readonly n: number }
  | { readonly tag: 'trap'; readonly on: boolean }
  /** `exit(to, reason)`. */
  | { readonly tag: 'signal'; readonly to: Pid; readonly reason: Reason }
  /** `exit(self, reason)`. */
  | { readonly tag: 'signalSelf'; readonly reason: Reason }
  | { readonly tag: 'end'; readonly reason: Reason }
  | { readonly tag: 'crash'; readonly message: string }
  | { readonly tag: 'send'; readonly to: Pid; readonly message: unknown }
  | { readonly tag: 'link'; readonly to: Pid }
  | { readonly tag: 'unlink'; readonly to: Pid }
  | { readonly tag: 'monitor'; readonly to: Pid }
  | { readonly tag: 'register'; readonly name: string }
  | { readonly tag: 'unregister'; readonly name: string }

/** What the boss hears: a message the puppet got, or the answer to a ping. */
export type Report =
  | { readonly tag: 'got'; readonly by: Pid; readonly message: unknown }
  | { readonly tag: 'pong'; readonly by: Pid; readonly n: number }

export type PuppetArg = { readonly boss: Pid; readonly trap: boolean }

const commands: ReadonlySet<string> = new Set([
  'ping',
  'trap',
  'signal',
  'signalSelf',
  'end',
  'crash',
  'send',
  'link',
  'unlink',
  'monitor',
  'register',
  'unregister',
])

function isCommand(message: unknown): message is Command {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    typeof message.tag === 'string' &&
    commands.has(message.tag)
  )
}

export const puppet = process('topic.puppet', async (self, { boss, trap }: PuppetArg) => {
  self.trapExit(trap)
  for (;;) {
    const message = await self.receive()
    if (!isCommand(message)) self.send(boss, { tag: 'got', by: self.pid, message })
    else if (message.tag === 'end') return exit(message.reason)
    else obey(self, message)
  }
})

function obey(self: Self, command: Exclude<Command, { readonly tag: 'end' }>): void {
  switch (command.tag) {
    case 'ping':
      self.send(command.to, { tag: 'pong', by: self.pid, n: command.n })
      break
    case 'trap':
      self.trapExit(command.on)
      break
    case 'signal':
      self.exit(command.to, command.reason)
      break
    case 'signalSelf':
      self.exit(self.pid, command.reason)
      break
    case 'crash':
      throw new Error(command.message)
    case 'send':
      self.send(command.to, command.message)
      break
    case 'link':
      self.link(command.to)
      break
    case 'unlink':
      self.unlink(command.to)
      break
    case 'monitor':
      self.monitor(command.to)
      break
    case 'register':
      self.register(command.name)
      break
    case 'unregister':
      self.unregister(command.name)
      break
  }
}

/** Where a puppet of a case lives. */
export type Side = 'here' | 'there'

/** Starts a puppet whose boss is the caller. It obeys, and traps if told to, when this resolves. */
export async function makePuppet(
  self: Self,
  place: Place,
  side: Side,
  trap = false,
): Promise<Ref<unknown>> {
  const arg: PuppetArg = { boss: self.pid, trap }
  const pid = side === 'here' ? spawn(self, puppet, arg) : await place.spawnThere(self, puppet, arg)
  await settled(self, pid)
  return pid
}

/** Tells a puppet what to do. */
export function tell(self: Self, to: Pid, command: Command): void {
  self.send(to, command)
}

function isPong(by: Pid): (message: unknown) => message is Report {
  return (message): message is Report =>
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'pong' &&
    'by' in message &&
    message.by === by
}

/** Resolves when the puppet has dealt with all the caller sent it. It must be alive. */
export async function settled(self: Self, to: Pid): Promise<void> {
  tell(self, to, { tag: 'ping', to: self.pid, n: 0 })
  await self.receive(isPong(to))
}

/**
 * Resolves when `to` has dealt with all that the puppet `from` was told to send it. Between nodes
 * `settled` is not enough: a later signal of another sender may overtake it (rule O2).
 */
export async function reached(self: Self, from: Pid, to: Pid): Promise<void> {
  tell(self, from, { tag: 'send', to, message: { tag: 'ping', to: self.pid, n: 0 } })
  await self.receive(isPong(to))
}

function isGot(by: Pid): (message: unknown) => message is Extract<Report, { tag: 'got' }> {
  return (message): message is Extract<Report, { tag: 'got' }> =>
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'got' &&
    'by' in message &&
    message.by === by
}

/** The next message that `by` got and did not understand. */
export async function nextGot(self: Self, by: Pid): Promise<unknown> {
  return (await self.receive(isGot(by))).message
}

/** What `by` has reported so far; call `settled` before. */
export async function allGot(self: Self, by: Pid): Promise<unknown[]> {
  const got: unknown[] = []
  for (;;) {
    const report = await self.receive(isGot(by), { timeoutMs: 0, otherwise: null })
    if (report === null) return got
    got.push(report.message)
  }
}

/** The trapped exit among what puppets report. */
export function exitOf(message: unknown): { readonly from: Pid; readonly reason: Reason } {
  if (isExit()(message)) return { from: message.from, reason: message.reason }
  throw new Error(`not an EXIT: ${JSON.stringify(message)}`)
}
