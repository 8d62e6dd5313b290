/** Nodes that hear of more messages than they can remember deliver none of them again. */
import { assert, suite } from '../../../support/harness.ts'
import { Network } from './network.ts'

const test = suite('forgetful broadcast')

type Key = (at: number) => string | undefined

/**
 * Five nodes in a line see many messages. Two that were away come between its ends, learn what is
 * remembered late, and tell it to those who have forgotten it by then.
 */
function scene(key: Key, idsMax: number, everyMs: number): { network: Network; made: number } {
  const network = new Network(7, 2, { idsMax })
  const name = (at: number): string => network.node(at).name
  for (let at = 1; at < 5; at++) network.link(name(at - 1), name(at))
  const made = 3 * idsMax
  for (let at = 0; at < made; at++) {
    network.broadcast(network.node(at % 5), key(at))
    network.run(everyMs)
    if (at === 1.5 * idsMax) {
      network.link(name(0), name(5))
      network.link(name(5), name(6))
    }
    if (at === 1.75 * idsMax) network.link(name(6), name(4))
  }
  network.run(60_000)
  return { network, made }
}

function deliveredTwice(network: Network): string[] {
  return [...network.nodes.values()].flatMap(({ name, delivered }) =>
    delivered.length === new Set(delivered).size ? [] : [name],
  )
}

for (const [kind, key] of [
  ['an id', () => undefined],
  ['a key', (at: number) => `key ${at}`],
] as const satisfies readonly (readonly [string, Key])[]) {
  test(`${kind} that was forgotten early does not come back`, () => {
    for (const [idsMax, everyMs] of [
      [40, 50],
      [400, 1],
    ] as const) {
      const { network, made } = scene(key, idsMax, everyMs)
      assert.equal(deliveredTwice(network), [])
      for (let at = 0; at < 5; at++) assert.is(network.node(at).delivered.length, made)
    }
  })
}

test('who has forgotten much takes nothing that it may have had, and is offered it once', () => {
  const network = new Network(2, 3, { idsMax: 40 })
  const [one, other] = [network.node(0), network.node(1)]
  network.broadcast(other)
  network.run(10_000)
  for (let at = 0; at < 41; at++) network.broadcast(one)
  network.run(8_000)
  network.broadcast(other)
  network.link(one.name, other.name)
  network.run(200_000)
  assert.is(one.counts.get('stale'), 1)
  assert.is(one.counts.get('brokenPromise'), undefined)
  assert.equal(one.delivered.slice(41), other.delivered.slice(1, 2))
})

/** Links come and go, and messages, keys among them, are more than anybody remembers. */
test('whoever meets whom, nothing is delivered twice', () => {
  for (let seed = 0; seed < 30; seed++) {
    const network = new Network(6, seed, { idsMax: 30 })
    network.linkAll(2)
    for (let at = 0; at < 200; at++) {
      network.broadcast(network.node(network.draw(6)), at % 3 === 0 ? `key ${at}` : undefined)
      network.run(network.draw(60))
      const [a, b] = [network.node(network.draw(6)).name, network.node(network.draw(6)).name]
      if (at % 7 === 0) network.unlink(a, b)
      if (at % 5 === 0) network.link(a, b)
    }
    network.linkAll(2)
    network.run(60_000)
    assert.equal(deliveredTwice(network), [], `seed ${seed}`)
  }
})

test.run()
