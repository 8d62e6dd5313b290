/**
 * The net kernel: a server that starts link processes, for dials the router asks for and for
 * connections the socket accepts. Its death makes every dial that waits fail at once, so nobody
 * waits for a kernel that forgot.
 */
import type { Module } from '../../runtime/index.ts'
import {
  call,
  cast,
  child,
  genServer,
  local,
  next,
  type ServerRef,
  type Supervisor,
} from '../../stdlib/index.ts'
import type { Attempts } from './attempts.ts'
import type { DistContext } from './context.ts'
import { closeCode } from './protocol.ts'

export type NetKernel = {
  casts: {
    /** The number of a dial or of an accepted connection among the attempts. */
    attempt: (id: number) => void
  }
}

export const kernelName = 'skein.dist.kernel'
export const linksName = 'skein.dist.links'

export function kernelModule(
  context: DistContext,
  link: Module<unknown, number>,
  links: Module<Supervisor, undefined>,
): Module<NetKernel, undefined> {
  const { router, attempts } = context
  return genServer<NetKernel>(kernelName)({
    init: (_: undefined, self) => {
      const me: ServerRef<NetKernel> = self.pid
      const begin = (attempt: number): void => cast(context.host, me, 'attempt', attempt)
      router.begin = begin
      self.onExit(() => {
        if (router.begin !== begin) return
        router.stop()
        for (const id of attempts.waiting) giveUp(attempts, id)
      })
      return null
    },
    casts: {
      attempt: async (state, id, self) => {
        // Anybody can send a cast.
        if (!attempts.waits(id)) return next(state)
        const spec = child(link, id, { id: `link-${id}`, restart: 'temporary', shutdown: 1_000 })
        const started = await call(self, local(links, linksName), 'startChild', spec)
        if (started.tag === 'error') giveUp(attempts, id)
        return next(state)
      },
    },
  })
}

/** No process works on the attempt: its connection is closed, or its dial is over. */
export function giveUp(attempts: Attempts, id: number): void {
  const begun = attempts.begin(id)
  if (begun === undefined) return
  begun.release()
  const { attempt } = begun
  if (attempt.role === 'dialer') attempt.ended()
  else attempt.connection.close(closeCode.limit, 'not accepting')
}
