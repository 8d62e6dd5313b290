/** Addresses by hearsay: whom to believe first, and what a liar can do. */
import type { Address } from '../../../../src/carrier/carrier.ts'
import { Hints } from '../../../../src/discovery/hints.ts'
import { tableBackend } from '../../../../src/discovery/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { at, DiscoveryScene, shown } from './discovery-scene.ts'

const test = suite('hints')

const x = 'x@10.0.0.7'
const right = at('10.0.0.7')
const wrong = at('10.6.6.6')

function hints(): { readonly hints: Hints; readonly fresh: string[] } {
  const fresh: string[] = []
  return { hints: new Hints('me@here', (node) => fresh.push(node)), fresh }
}

function found(given: Hints, node = x): string[] {
  return [...shown(given.addressesOf(node))]
}

test('where a node was seen comes before what is said of it', () => {
  const { hints: given, fresh } = hints()
  given.see(x, right)
  given.tell('liar@there', x, wrong)
  assert.equal(found(given), ['10.0.0.7:4433', '10.6.6.6:4433'])
  given.see(x, at('10.0.0.8'))
  assert.equal(found(given)[0], '10.0.0.8:4433')
  assert.equal(fresh, [x, x, x])
})

test('what is known already is no news', () => {
  const { hints: given, fresh } = hints()
  for (let again = 0; again < 3; again++) {
    given.see(x, right)
    given.tell('a@there', x, right)
    given.tell('b@there', x, right)
  }
  assert.equal([found(given), fresh], [['10.0.0.7:4433'], [x]])
})

test('of several who say something, the last to say anything is asked first', () => {
  const { hints: given } = hints()
  given.tell('a@there', x, right)
  given.tell('liar@there', x, wrong)
  assert.equal(found(given), ['10.6.6.6:4433', '10.0.0.7:4433'], 'a lie replaces nothing')
  given.tell('a@there', 'y@there', right)
  assert.equal(found(given), ['10.0.0.7:4433', '10.6.6.6:4433'])
})

test('where nobody of this name answers is forgotten, whoever said it', () => {
  const { hints: given, fresh } = hints()
  given.see(x, wrong)
  given.tell('a@there', x, right)
  given.tell('b@there', x, wrong)
  given.unreachable(x, wrong)
  given.unreachable('nobody@there', wrong)
  assert.equal(found(given), ['10.0.0.7:4433'])
  given.tell('b@there', x, wrong)
  assert.is(fresh.length, 3, 'said again, it is news again')
})

test('nobody tells a node where it is itself', () => {
  const { hints: given, fresh } = hints()
  given.tell('liar@there', 'me@here', wrong)
  given.see('me@here', wrong)
  assert.equal([found(given, 'me@here'), fresh], [[], []])
})

test('a million made-up names of one liar hide nobody', () => {
  const { hints: given } = hints()
  given.see('seen@there', right)
  for (let n = 0; n < 100; n++) given.tell('honest@there', `n${n}@there`, at('10.0.1.1', n + 1))
  for (let n = 0; n < 1_000_000; n++) given.tell('liar@there', `m${n}@there`, wrong)
  assert.equal(found(given, 'seen@there'), ['10.0.0.7:4433'])
  for (let n = 0; n < 100; n++) assert.equal(found(given, `n${n}@there`), [`10.0.1.1:${n + 1}`])
  const max = limits.discoveryHintsPerTellerMax
  assert.equal(found(given, `m${1_000_000 - max}@there`), ['10.6.6.6:4433'])
  assert.equal(found(given, `m${1_000_000 - max - 1}@there`), [])
})

test('who told longest ago is forgotten, and no node has more addresses than are tried', () => {
  const { hints: given } = hints()
  const max = limits.discoveryTellersMax
  for (let n = 0; n <= max; n++) given.tell(`t${n}@there`, x, at('10.0.2.1', n + 1))
  const addresses = found(given)
  assert.is(addresses.length, limits.discoveryAddressesMax)
  assert.is(addresses[0], `10.0.2.1:${max + 1}`)
  given.tell('t0@there', 'y@there', right)
  assert.equal(found(given, 'y@there'), ['10.0.0.7:4433'])
})

test('as many nodes as one may meet are seen, and the first of more is forgotten', () => {
  const { hints: given } = hints()
  const max = limits.discoveryCacheMax
  for (let n = 0; n <= max; n++) given.see(`n${n}@there`, right)
  assert.equal(found(given, 'n0@there'), [])
  assert.equal(found(given, 'n1@there'), ['10.0.0.7:4433'])
})

test('backends come first; who knew nothing asks again once somebody tells', async () => {
  const scene = new DiscoveryScene()
  const table = new Map<string, Address>([['b@there', at('10.0.0.2')]])
  await scene.open(tableBackend('static', table))
  scene.discovery.hints.tell('liar@there', 'b@there', wrong)
  assert.equal(await scene.resolve('b@there'), ['10.0.0.2:4433'])
  assert.equal(await scene.resolve(x), [])
  scene.discovery.hints.tell('a@there', x, right)
  assert.equal(await scene.resolve(x), ['10.0.0.7:4433'], 'without waiting for the miss to age')
  scene.discovery.unreachable(x, right)
  assert.equal(await scene.resolve(x), [])
})

test('a hint does not undo what was learned of addresses that answer', async () => {
  const scene = new DiscoveryScene()
  const both = { name: 'both', lookup: () => [wrong, right] }
  await scene.open(both)
  assert.equal(await scene.resolve(x), ['10.6.6.6:4433', '10.0.0.7:4433'])
  scene.discovery.unreachable(x, wrong)
  scene.discovery.hints.see(x, right)
  scene.discovery.hints.tell('liar@there', x, wrong)
  assert.equal(await scene.resolve(x), ['10.0.0.7:4433'])
})

test.run()
