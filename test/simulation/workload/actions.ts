/** What an agent can do. Each action draws its own details and ends by itself. */
import {
  BadArgument,
  Exit,
  isPid,
  nodeOf,
  type Pid,
  pidKey,
  type Reason,
  type Ref,
  spawnAt,
  spawnMonitorAt,
} from '../../../runtime/index.ts'
import { disconnectNode, nodes } from '../../../src/dist/index.ts'
import { lineOf } from '../../../src/testing/event-log.ts'
import { at, callWithin, type ServerRef } from '../../../stdlib/index.ts'
import type { Grip } from './grip.ts'
import { type Answer, type Server, serverName } from './server.ts'

export type Action =
  | 'rest'
  | 'send'
  | 'call'
  | 'calls'
  | 'monitor'
  | 'demonitor'
  | 'link'
  | 'unlink'
  | 'spawn'
  /** What an extension of the run has to offer. */
  | 'extra'
  | 'exit'
  | 'disconnect'
  | 'crash'

/** Longer than any run: such a child ends by its links, or at the end of the run. */
const longLifeMs = 1_000_000

export async function act(grip: Grip, action: Action): Promise<void> {
  switch (action) {
    case 'rest':
      return
    case 'send':
      return sendSome(grip)
    case 'call':
      return callOnce(grip)
    case 'calls':
      await Promise.all(Array.from({ length: 2 + grip.below(4) }, () => callOnce(grip, false)))
      return
    case 'monitor':
      return monitorOne(grip)
    case 'demonitor': {
      const ref = grip.someMonitor()
      if (ref !== undefined) grip.lets(ref)
      return
    }
    case 'link':
      return linkOne(grip)
    case 'unlink':
      return unlinkOne(grip)
    case 'spawn':
      return spawnOne(grip)
    case 'extra':
      return grip.pick(grip.workload.extensions.filter(({ act }) => act !== undefined))?.act?.(grip)
    case 'exit':
      return exitOne(grip)
    case 'disconnect': {
      const node = grip.pick(nodes(grip.self))
      if (node !== undefined) disconnectNode(grip.self, node)
      return
    }
    case 'crash':
      throw new Error('an agent of the simulation gives up')
  }
}

/** Where the server of a node is reached: its pid, or its name. */
function serverAt(grip: Grip, node: string): { pid: Pid | undefined; ref: ServerRef<Server> } {
  const pid = grip.witness.servers.get(node)
  const named = at(node, grip.workload.server, serverName)
  if (pid === undefined || grip.oneIn(2)) return { pid: undefined, ref: named }
  return { pid, ref: pid satisfies Ref<Server> }
}

function sendSome(grip: Grip): void {
  const node = grip.someNode()
  const server = grip.witness.servers.get(node)
  const target = grip.oneIn(2) ? server : grip.someFellow(node)
  if (target === undefined) return
  const named = at(node, grip.workload.server, serverName)
  for (let left = 1 + grip.below(12); left > 0; left--) {
    const byName = target === server && grip.oneIn(2)
    grip.mouth.say(target, grip.ballast(), byName ? named : target)
  }
}

/** `alone`: mail can be read at once, which several calls of one process must not do together. */
async function callOnce(grip: Grip, alone = true): Promise<void> {
  const { witness, self } = grip
  const { pid, ref } = serverAt(grip, grip.someNode())
  const id = witness.nextId()
  const timeoutMs = grip.oneIn(8) ? Number.POSITIVE_INFINITY : 20 + grip.below(4_000)
  const to = pid === undefined ? null : pidKey(pid)
  const begunAt = witness.timeOf(self)
  witness.tell({ tag: 'callBegun', id, caller: grip.key, timeoutMs, to, at: begunAt })
  const outcome = await ask(grip, ref, id, timeoutMs)
  const at = witness.timeOf(self)
  if (outcome.tag === 'ok') {
    const { of, epoch } = outcome.answer
    const view = witness.viewOf(self)
    const downs = view.downsOf(of.slice(0, of.indexOf('#')))
    witness.tell({ tag: 'heard', at: view.key, of, epoch, downs })
    witness.tell({ tag: 'callEnded', id, outcome: 'ok', answers: outcome.answer.id, at })
    return
  }
  witness.tell({ tag: 'callEnded', id, outcome: lineOf(outcome.reason), answers: null, at })
  if (!alone) return
  await grip.readNow()
  grip.callFailed(pid, outcome.reason)
}

type Outcome =
  | { readonly tag: 'ok'; readonly answer: Answer }
  | { readonly tag: 'failed'; readonly reason: Reason }

async function ask(
  grip: Grip,
  ref: ServerRef<Server>,
  id: number,
  timeoutMs: number,
): Promise<Outcome> {
  const { self } = grip
  const asked = { id, caller: self.pid }
  const kind = grip.below(10)
  const messages = 1 + grip.below(5)
  try {
    const answer =
      kind < 5
        ? await callWithin(self, timeoutMs, ref, 'echo', { ...asked, answerBytes: grip.ballast() })
        : kind < 7
          ? await callWithin(self, timeoutMs, ref, 'late', { ...asked, ms: grip.below(1_500) })
          : kind < 9
            ? await callWithin(self, timeoutMs, ref, 'talk', { ...asked, messages })
            : await callWithin(self, timeoutMs, ref, 'die', { ...asked, messages })
    return { tag: 'ok', answer }
  } catch (error) {
    if (error instanceof Exit) return { tag: 'failed', reason: error.reason }
    throw error
  }
}

function monitorOne(grip: Grip): void {
  if (!grip.roomForMonitors) return
  const { self } = grip
  const node = grip.someNode()
  const target = grip.oneIn(4) ? at(node, grip.workload.server, serverName) : grip.someFellow(node)
  if (target === undefined) return
  const wasUp = nodes(self).includes(isPid(target) ? nodeOf(target) : node)
  grip.holds(self.monitor(target), target, wasUp)
}

function linkOne(grip: Grip): void {
  const target = grip.someFellow()
  if (target === undefined || target === grip.self.pid || grip.isLinkedWith(target)) return
  grip.self.link(target)
  grip.linkedWith(target)
}

/** Unlinks, and often links again at once, so that the signals of both cross those of the peer. */
async function unlinkOne(grip: Grip): Promise<void> {
  const target = grip.someLink()
  if (target === undefined) return
  for (let again = true; again; again = grip.oneIn(2)) {
    await grip.unlink(target)
    if (!grip.oneIn(2)) return
    grip.self.link(target)
    grip.linkedWith(target)
  }
}

async function spawnOne(grip: Grip): Promise<void> {
  const { self, witness } = grip
  const node = grip.someNode()
  const id = witness.nextId()
  const [link, monitor] = [grip.oneIn(2), grip.oneIn(2)]
  const lifeMs = grip.pick([0, grip.below(8_000), longLifeMs]) ?? 0
  const arg = { id, boss: self.pid, lifeMs, messages: grip.below(4) }
  witness.tell({ tag: 'spawnBegun', id, owner: grip.key, link, monitor })
  const module = grip.workload.child
  const wasUp = nodes(self).includes(node)
  try {
    if (monitor) {
      const { pid, ref } = await spawnMonitorAt(self, node, module, arg, { link })
      spawned(grip, id, pid, link)
      grip.holds(ref, pid, wasUp && nodes(self).includes(node))
    } else spawned(grip, id, await spawnAt(self, node, module, arg, { link }), link)
  } catch (error) {
    if (!(error instanceof Exit) || error instanceof BadArgument) throw error
    const reason = lineOf(error.reason)
    witness.tell({ tag: 'spawnEnded', id, pid: null, reason })
    if (reason !== '"noconnection"') witness.accuse(`spawn ${id} failed with ${reason}`)
  }
}

function spawned(grip: Grip, id: number, pid: Pid, link: boolean): void {
  grip.witness.tell({ tag: 'spawnEnded', id, pid: pidKey(pid), reason: '' })
  if (link) grip.linkedWith(pid)
}

function exitOne(grip: Grip): void {
  const target = grip.someTarget()
  if (target === undefined) return
  grip.self.exit(target, grip.oneIn(2) ? 'kill' : { tag: 'boom', by: nodeOf(grip.self.pid) })
}
