/** What the worker nodes of the benchmark run: a server, its callers, and who has them counted. */
import { call, type Pid, process, type Ref, type Self, spawn, start } from '../../../src/index.ts'
import { callBytes } from './calls.ts'
import { Echo } from './modules.ts'

export type CrewOrder = {
  readonly to: Pid
  /** Processes that call at the same time, each one call after the other. */
  readonly callers: number
  readonly callsEach: number
}

/** What a crew says: that it is there, and how many calls came back whole. */
export type CrewReport = { readonly tag: 'crew'; readonly arrived: number }

export function isCrewReport(message: unknown): message is CrewReport {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'crew'
  )
}

type Work = { readonly to: Pid; readonly echo: Ref<Echo>; readonly calls: number }

const Caller = process<Work>('bench.worker-caller', async (self, { to, echo, calls }) => {
  const payload = new Uint8Array(callBytes).fill(7)
  let arrived = 0
  for (let n = 0; n < calls; n++) {
    const back = await call(self, echo, 'echo', payload)
    if (back.length === callBytes) arrived += 1
  }
  self.send(to, arrived)
})

/** Starts a server here and, when it is told to, callers of it; reports when all are done. */
export const Crew = process<CrewOrder>('bench.crew', async (self, { to, callers, callsEach }) => {
  const echo = await echoHere(self)
  self.send(to, { tag: 'crew', arrived: 0 } satisfies CrewReport)
  await self.receive((message) => message === 'go')
  const work = { to: self.pid, echo, calls: callsEach }
  for (let n = 0; n < callers; n++) spawn(self, Caller, work)
  let arrived = 0
  for (let n = 0; n < callers; n++) arrived += Number(await self.receive())
  self.send(to, { tag: 'crew', arrived } satisfies CrewReport)
})

async function echoHere(self: Self): Promise<Ref<Echo>> {
  const started = await start(self, Echo, undefined)
  if (started.tag !== 'ok') throw new Error(`the server did not start: ${started.tag}`)
  return started.pid
}

export const modules = [Echo, Caller, Crew]
