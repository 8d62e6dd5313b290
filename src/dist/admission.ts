/**
 * Whether a node that dialled us may have a channel now. Simultaneous dials collapse to one: the
 * one made by the greater name (the cluster spec, 3.4). A channel that exists is probed: if it is
 * silent its peer has lost it, after a crash for instance, and it gives way. So does a dial of ours
 * that would win but does not end in time: nobody may be there any more to answer it.
 */
import type { Self } from '../../runtime/index.ts'
import { limits } from '../limits.ts'
import type { DistContext } from './context.ts'
import type { PeerFacts } from './handshake.ts'
import type { Status } from './handshake-message.ts'
import type { NodeState } from './router.ts'

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
  context: DistContext,
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

/** True when our own dial to `node` comes to an end in time, well or badly. */
function dialEnds(self: Self, { router, system }: DistContext, node: string): Promise<boolean> {
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
async function answers(
  self: Self,
  context: DistContext,
  node: string,
  creation: number,
): Promise<boolean> {
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
