/**
 * An authenticated peer that means harm to groups: members that are not its own, under any key, and
 * more than there may be. Honest members stay, and it goes with its node.
 */
import { recordOfPid } from '../../../../../runtime/kernel.ts'
import { groupMembers, joinGroup, whichGroups } from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { keyOf } from '../../../../../src/services/groups/groups.ts'
import { entryKey } from '../../../../../src/services/groups/membership.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { nth, OverlayScene, seed } from '../../membership/overlay-scene.ts'
import { Liar, liarName } from '../liar.ts'

const test = suite('hostile to groups')

const n1 = nth(1)
const server = 'skein.groups'

async function scene(): Promise<OverlayScene> {
  const scene = await OverlayScene.of(2)
  await scene.agreed()
  return scene
}

test('what it says of others or under other keys is left out, the rest goes with it', async () => {
  const cluster = await scene()
  const ear = await cluster.hear(n1, (self) => joinGroup(self, 'g', self.pid))
  const members = (): string[] => groupMembers(cluster.node(seed), 'g').map(String)
  await cluster.cluster.until('it is known', () => members().length === 1)
  const [honest] = groupMembers(cluster.node(seed), 'g')
  const before = cluster.process(seed, server)
  const liar = await Liar.in(cluster)
  const own = liar.peer.pid(1)
  const entry = { scope: 'pg', group: 'g', pid: own, joins: 2 }
  const key = (pid = own, group: unknown = 'g', scope = 'pg') => entryKey(scope, keyOf(group), pid)
  assert.ok(honest)
  await liar.says('skein.groups', {
    [key()]: entry,
    [key(honest)]: { ...entry, pid: honest },
    [key(own, 'h')]: entry,
    another: entry,
    [key(own, 'j')]: { ...entry, group: 'j', joins: limits.groupJoinsMax + 1 },
    [key(own, 'k')]: { ...entry, group: 'k', joins: 0 },
    [key(own, 'l', 'mine')]: { ...entry, group: 'l', scope: 'mine' },
    junk: [1, 2, 3],
  })
  assert.equal(members().sort(), [String(honest), String(own), String(own)].sort())
  assert.equal(whichGroups(cluster.node(seed)), ['g'])
  assert.is(cluster.counted(seed, 'skein.groups.malformed', { peer: liarName }), 3)
  assert.is(cluster.process(seed, server), before)
  liar.peer.connection.close(0, 'gone')
  await cluster.cluster.until('it is gone', () => members().length === 1)
  assert.ok(ear.process.alive)
  assert.is(recordOfPid(ear.process.pid), ear.process)
})

test.run()
