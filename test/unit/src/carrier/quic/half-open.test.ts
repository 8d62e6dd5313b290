import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { HalfOpen } from '../../../../../src/carrier/quic/half-open.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'

const test = suite('half-open connections')

/** Fills a table as the acceptor does, and keeps who is in it. */
class Door {
  readonly places: HalfOpen<number>
  readonly inside = new Map<number, string>()
  #next = 0

  constructor(max: number, perAddressMax: number) {
    this.places = new HalfOpen(max, perAddressMax)
  }

  /** The number given to who came in, or `retry`. */
  knock(host: string, proven: boolean): number | 'retry' {
    const verdict = this.places.judge(host, proven)
    if (verdict.tag === 'retry') return 'retry'
    if (verdict.evicted !== undefined) this.leave(verdict.evicted)
    const item = this.#next++
    this.places.add(host, item)
    this.inside.set(item, host)
    return item
  }

  leave(item: number): void {
    const host = this.inside.get(item)
    if (host === undefined) throw new Error(`${item} is not inside`)
    this.places.remove(host, item)
    this.inside.delete(item)
  }
}

test('the first quarter needs no proof, what is beyond does', () => {
  const door = new Door(8, 8)
  assert.is(door.knock('10.0.0.1', false), 0)
  assert.is(door.knock('10.0.0.2', false), 1)
  assert.is(door.knock('10.0.0.3', false), 'retry')
  assert.is(door.knock('10.0.0.3', true), 2)
  door.leave(0)
  door.leave(2)
  assert.is(door.knock('10.0.0.4', false), 3)
})

test('one address needs proof earlier', () => {
  const door = new Door(1000, 8)
  for (let count = 0; count < 2; count++) assert.not.equal(door.knock('10.0.0.1', false), 'retry')
  assert.is(door.knock('10.0.0.1', false), 'retry')
  assert.not.equal(door.knock('10.0.0.2', false), 'retry')
})

test('the oldest of an address gives way to its newest', () => {
  const door = new Door(1000, 3)
  for (let count = 0; count < 5; count++) door.knock('10.0.0.1', true)
  assert.equal([...door.inside.keys()], [2, 3, 4])
})

test('when all is full the address with most gives way', () => {
  const door = new Door(6, 4)
  for (let count = 0; count < 4; count++) door.knock('10.0.0.9', true)
  door.knock('10.0.0.1', true)
  door.knock('10.0.0.2', true)
  const honest = door.knock('10.0.0.3', true)
  assert.equal([...door.inside.keys()], [1, 2, 3, 4, 5, honest])
})

test('the addresses of one IPv6 network are one', () => {
  const door = new Door(1000, 2)
  for (let count = 1; count <= 5; count++) door.knock(`2001:db8:1:2::${count}`, true)
  assert.is(door.places.size, 2)
  door.knock('2001:db8:1:3::1', true)
  assert.is(door.places.size, 3)
})

test('silence of many never keeps out who has proved its address', () => {
  const seed = 11
  useSeed(seed)
  const random = seededRandom(seed)
  const door = new Door(64, 16)
  for (let step = 0; step < 20_000; step++) {
    const host = `10.0.${Math.floor(random.unit() * 3)}.${Math.floor(random.unit() * 40)}`
    const proven = random.unit() < 0.5
    const before = [...door.inside.keys()]
    const outcome = door.knock(host, proven)
    if (proven) assert.not.equal(outcome, 'retry')
    else assert.ok(before.every((item) => door.inside.has(item)))
    const own = [...door.inside.values()].filter((other) => other === host).length
    assert.ok(door.places.size <= 64 && own <= 16)
    assert.is(door.places.size, door.inside.size)
    if (random.unit() < 0.1) {
      const [oldest] = door.inside.keys()
      if (oldest !== undefined) door.leave(oldest)
    }
  }
})

test.run()
