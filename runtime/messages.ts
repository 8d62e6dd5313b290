/**
 * The messages the runtime itself puts into mailboxes, and their predicates. Plain data: they look
 * the same whether their subject is local or on another node.
 */
import type { RemoteName, ViaName } from './destination.ts'
import type { Reason } from './exit.ts'
import type { Pid, Reference } from './identifier.ts'

/** A trapped exit signal (OTP `{'EXIT', Pid, Reason}`). */
export type ExitMessage = { readonly tag: 'EXIT'; readonly from: Pid; readonly reason: Reason }

/** What a DOWN is about: the pid, or the name if it was monitored by name (rule M4). */
export type Subject = Pid | RemoteName | ViaName

/** A monitor fired (OTP `{'DOWN', ...}`). */
export type DownMessage = {
  readonly tag: 'DOWN'
  readonly ref: Reference
  readonly target: Subject
  readonly reason: Reason
}

export type NodeUpMessage = { readonly tag: 'nodeup'; readonly node: string }

export type NodeDownMessage = {
  readonly tag: 'nodedown'
  readonly node: string
  readonly reason: string
}

function hasTag(message: unknown, tag: string): message is { readonly tag: string } {
  return typeof message === 'object' && message !== null && 'tag' in message && message.tag === tag
}

/** `self.receive(isExit(pid))`: the exit message from `pid`, or from anyone without it. */
export function isExit(from?: Pid): (message: unknown) => message is ExitMessage {
  return (message): message is ExitMessage =>
    hasTag(message, 'EXIT') && (from === undefined || ('from' in message && message.from === from))
}

/** `self.receive(isDown(ref))`: the DOWN of that monitor, or any DOWN without it. */
export function isDown(ref?: Reference): (message: unknown) => message is DownMessage {
  return (message): message is DownMessage =>
    hasTag(message, 'DOWN') && (ref === undefined || ('ref' in message && message.ref === ref))
}

export function isNodeUp(node?: string): (message: unknown) => message is NodeUpMessage {
  return (message): message is NodeUpMessage =>
    hasTag(message, 'nodeup') &&
    (node === undefined || ('node' in message && message.node === node))
}

export function isNodeDown(node?: string): (message: unknown) => message is NodeDownMessage {
  return (message): message is NodeDownMessage =>
    hasTag(message, 'nodedown') &&
    (node === undefined || ('node' in message && message.node === node))
}
