/**
 * What the registry knows of one registered process, and the messages it tells of them. All of it
 * is plain data that never changes: what is new takes the place of what was.
 */
import type { NameTerm, Pid, Reason } from '../../../runtime/index.ts'

/** What a process says of itself with its name; replicated, for selection. Plain fields. */
export type ServiceMetadata = { readonly [field: string]: unknown }

/** One process under a name. A node has at most one of a name, several nodes may have one each. */
export type Instance = {
  readonly name: NameTerm
  readonly pid: Pid
  /** Where the process lives. */
  readonly node: string
  readonly metadata: ServiceMetadata
}

/** What subscribers hear, of processes here at once and of others when this node learns of it. */
export type ServiceEvent =
  | ({ readonly tag: 'serviceRegistered' | 'serviceUpdated' | 'serviceUnregistered' } & Instance)
  /**
   * The process has ended for `reason`, or its node is gone: `{ tag: 'nodedown' | 'left' |
   * 'restarted', node }`.
   */
  | ({ readonly tag: 'serviceDown'; readonly reason: Reason } & Instance)

const eventTags: readonly unknown[] = [
  'serviceRegistered',
  'serviceUpdated',
  'serviceUnregistered',
  'serviceDown',
] satisfies readonly ServiceEvent['tag'][]

/** `self.receive(isServiceEvent)`: what `subscribeServices` brings, but for `resync`. */
export function isServiceEvent(message: unknown): message is ServiceEvent {
  if (typeof message !== 'object' || message === null || !('tag' in message)) return false
  return eventTags.includes(message.tag)
}

export const noMetadata: ServiceMetadata = Object.freeze({})
