/** The plan of a team: everybody knows everybody, and no two would dial each other. */

import { mesh } from '../../../../src/carrier/worker/mesh.ts'
import { type TeamPlan, tasksOf } from '../../../../src/node/worker-plan.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('plan of a team of workers')

function memberOf(number: number) {
  const key = new Uint8Array(32).fill(number)
  return {
    name: `w-${number}@h`,
    address: { host: 'worker', port: number + 1 },
    keypair: { publicKey: key, privateKey: new Uint8Array(32).fill(100 + number) },
    certDer: key,
  }
}

const leader = {
  name: 'main@h',
  address: { host: 'worker', port: 1 },
  publicKey: new Uint8Array(32),
}
const members = [memberOf(1), memberOf(2), memberOf(3)]
const plan: Omit<TeamPlan, 'links'> = {
  leader,
  members,
  program: new URL('file:///program.js'),
  inherited: { cookie: 'c' },
}

test('each knows all others with their keys, and connects with those before it', () => {
  const tasks = tasksOf({ ...plan, links: [] })
  assert.equal(
    tasks.map(({ name, connects }) => [name, ...connects]),
    [
      ['w-1@h', 'main@h'],
      ['w-2@h', 'main@h', 'w-1@h'],
      ['w-3@h', 'main@h', 'w-1@h', 'w-2@h'],
    ],
  )
  for (const { name, peers } of tasks) {
    assert.equal(
      peers.map((peer) => peer.name),
      ['main@h', ...members.map((member) => member.name).filter((other) => other !== name)],
    )
    for (const peer of peers.slice(1)) {
      const member = members.find((each) => each.name === peer.name)
      assert.equal([peer.publicKey, peer.address], [member?.keypair.publicKey, member?.address])
    }
  }
})

test('nobody is given the private key of another', () => {
  for (const task of tasksOf({ ...plan, links: [] })) {
    const { keypair, ...rest } = task
    const own = members.find(({ name }) => name === task.name)
    assert.equal(keypair, own?.keypair)
    assert.not.ok(JSON.stringify(rest).includes('private'))
  }
})

test('every two endpoints share one channel', async () => {
  const addresses = [leader, ...members].map(({ address }) => address)
  const links = mesh(addresses)
  cleanup(() => {
    for (const { port } of links.flat()) port.close()
  })
  assert.is(links.flat().length, 12)
  const heard: string[] = []
  for (const [at, mine] of links.entries()) {
    const { port: self } = addresses[at] ?? leader.address
    for (const { address, port } of mine) {
      port.on('message', (text: string) => heard.push(`${text} at ${self}`))
      port.postMessage(`${self} to ${address.port}`)
    }
  }
  while (heard.length < 12) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(
    heard.every((line) => /^\d to (\d) at \1$/.test(line)),
    heard.join(),
  )
})

test.run()
