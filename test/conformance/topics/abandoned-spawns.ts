/** Spawn requests that are given up (rule S5): whose they are, and that their monitors go too. */
import * as assert from 'uvu/assert'
import {
  abandonSpawn,
  isDown,
  isSpawnReply,
  type Pid,
  process,
  type Self,
  spawn,
  spawnRequest,
} from '../../../runtime/index.ts'
import { caseOf, type Topic } from './topic.ts'

/** Says that it is there, and ends when told. */
const waiting = process('topic.abandoned', async (self, boss: Pid) => {
  self.send(boss, { there: self.pid })
  await self.receive()
})

function isThere(message: unknown): message is { readonly there: Pid } {
  return typeof message === 'object' && message !== null && 'there' in message
}

async function ended(self: Self, pid: Pid): Promise<void> {
  const down = self.monitor(pid)
  self.send(pid, 'end')
  assert.is((await self.receive(isDown(down))).reason, 'normal')
}

const monitored = caseOf('S5', 'abandoned, the monitor is gone too', async (self, place) => {
  const options = { monitor: true }
  const ref = spawnRequest(self, place.there.name, waiting, self.pid, options)
  assert.is(abandonSpawn(self, ref), true)
  assert.is(self.demonitor(ref), false)
  const { there } = await self.receive(isThere)
  await ended(self, there)
  // Its answer comes after the DOWN there might have been.
  const next = spawnRequest(self, place.there.name, waiting, self.pid)
  const first = await self.receive((message) => !isThere(message))
  assert.ok(isSpawnReply(next)(first), JSON.stringify(first))
})

const owned = caseOf('S5', 'only who asked may give it up', async (self, place) => {
  const ref = spawnRequest(self, place.there.name, waiting, self.pid)
  const stranger = process('topic.stranger', (own) => {
    own.send(self.pid, { gaveUp: abandonSpawn(own, ref) })
  })
  spawn(self, stranger)
  const told = await self.receive(
    (message) => typeof message === 'object' && message !== null && 'gaveUp' in message,
  )
  assert.equal(told, { gaveUp: false })
  const { result } = await self.receive(isSpawnReply(ref))
  assert.is(result.tag, 'ok')
})

export const abandonedSpawns: Topic = {
  subject: 'abandoned spawns',
  modules: [waiting],
  cases: [monitored, owned],
}
