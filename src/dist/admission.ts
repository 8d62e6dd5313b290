/**
 * Whether a node that dialled us may have a channel now. Simultaneous dials collapse to one: the
 * one made by the greater name (the cluster spec, 3.4). A channel that exists is probed: if it is
 * silent its peer has lost it, after a crash for instance, and it gives way. So does a dial of ours
 * that would win but does not end in time: nobody may be there any more to answer it.
 *
 * Then two connections are under way, and the first to get through wins. Only one side can tell
 * which that is: the node with the greater name chooses, and neither is up before it has chosen.
 */
import type { Self } from '../../runtime/index.ts'
import type { Connection } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import type { DistContext } from './context.ts'
import type { PeerFacts } from './handshake.ts'
import type { Status } from './handshake-message.ts'
import { closeCode } from './protocol.ts'
import type { NodeState } from './router.ts'

type Env = Pick<DistContext, 'router' | 'choices' | 'system'>

/** The rule: what a node in state `state` of our router is answered; `probe` needs a look first. */
export function admission(state: NodeState, self: string, peer: string): Status | 'probe' | 'wait' {
  switch (state) {
    case 'unknown':
    case 'connecting':
      return 'ok'
    case 'dialing':
      return self > peer ? 'nok' : 'okSimultaneous'
    case 'closing':
      return 'wait'
    case 'up':
      return 'probe'
  }
}

/** Decides, and books the attempt with the router until this process ends. */
export async function admit(
  self: Self,
  context: Env,
  { node, creation }: PeerFacts,
): Promise<Status> {
  const { router, system } = context
  for (;;) {
    const answer = admission(router.stateOf(node), system.node, node)
    if (answer === 'wait') await self.yield()
    else if (answer === 'probe') {
      if (await answers(self, context, node, creation)) return 'alive'
    } else {
      const ended = answer === 'nok' && (await dialEnds(self, context, node))
      if (ended && router.channel(node) !== undefined) return 'nok'
      if (ended) continue
      self.onExit(router.attemptBegun(node))
      return answer === 'nok' ? 'okSimultaneous' : answer
    }
  }
}

/**
 * Whether `connection` is the one the two nodes keep. When another is chosen, its end decides: it
 * comes up, or this one's turn has come. A choice for another incarnation of the peer gives way.
 */
export async function choose(
  self: Self,
  context: Env,
  connection: Connection,
  peer: PeerFacts,
): Promise<boolean> {
  const { choices, system } = context
  const { node, creation } = peer
  self.onExit(() => choices.release(node, connection))
  while (await isFree(self, context, peer)) {
    const chosen = system.node > node ? choices.take(node, connection, creation) : undefined
    if (chosen === undefined) return true
    if (chosen.creation === creation) await self.wait(chosen.ended)
    else {
      chosen.connection.close(closeCode.superseded, 'another incarnation')
      choices.release(node, chosen.connection)
    }
  }
  return false
}

/** True once `node` has no channel: one that is silent is taken down, false if it is not. */
export async function isFree(
  self: Self,
  context: Env,
  { node, creation }: PeerFacts,
): Promise<boolean> {
  for (;;) {
    const state = context.router.stateOf(node)
    if (state === 'closing') await self.yield()
    else if (state !== 'up') return true
    else if (await answers(self, context, node, creation)) return false
  }
}

/** True when our own dial to `node` comes to an end in time, well or badly. */
function dialEnds(self: Self, { router, system }: Env, node: string): Promise<boolean> {
  const ended = new Promise<boolean>((resolve) => {
    const timeout = system.timeouts.add(limits.distProbeMs, () => resolve(false))
    router.connect(node, () => {
      timeout.cancel()
      resolve(true)
    })
  })
  return self.wait(ended)
}

/** True when the channel to `node` shows a sign of life in time; a silent one is taken down. */
async function answers(self: Self, context: Env, node: string, creation: number): Promise<boolean> {
  const { router, system } = context
  const channel = router.channel(node)
  if (channel === undefined) return false
  const same = channel.creation === creation
  const waitMs = same ? limits.distProbeSameMs : limits.distProbeMs
  const heard = new Promise<boolean>((resolve) => {
    const timeout = system.timeouts.add(waitMs, () => resolve(false))
    channel.probe((alive) => {
      timeout.cancel()
      resolve(alive)
    })
  })
  if (await self.wait(heard)) return true
  router.replace(channel)
  return false
}
