/** Applications and configuration that no node can be started with: refused by field and value. */
import { BadArgument, type NodeOptions, startNode } from '../../../../src/index.ts'
import { idle, recorded, untyped } from '../../../conformance/otp/recorded.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('node applications: options')

const name = 'apps@localhost'

const shop = recorded('shop', [], [recorded('db', [])])

const refused: readonly (readonly [string, Partial<NodeOptions>, RegExp])[] = [
  ['no array', { applications: untyped('shop') }, /applications: expected an array.*got "shop"/],
  ['null', { applications: untyped(null) }, /applications: expected an array.*got null/],
  ['a number', { applications: [untyped(7)] }, /applications: expected applications.*got 7/],
  ['a hole', { applications: [untyped(undefined)] }, /applications: expected.*got undefined/],
  ['a module', { applications: [untyped(idle)] }, /applications: expected applications/],
  ['an unknown name', { applications: ['shpo'], modules: [shop] }, /applications: .*got "shpo"/],
  ['config: no object', { config: untyped('port=1') }, /config: expected an object.*"port=1"/],
  ['config: an array', { config: untyped([]) }, /config: expected an object/],
  ['config: null', { config: untyped(null) }, /config: expected an object.*null/],
  [
    'config: an unknown name',
    { applications: [shop], config: { shpo: { port: 1 } } },
    /config: there is no application 'shpo'; known are shop, db/,
  ],
  ['config: nobody known', { config: { shop: {} } }, /no application 'shop'; none is known/],
  [
    'config: a name of every object',
    { applications: [shop], config: { toString: {} } },
    /no application 'toString'/,
  ],
  [
    'config: the name of the prototype',
    { applications: [shop], config: JSON.parse('{"__proto__":{"port":1}}') },
    /no application '__proto__'/,
  ],
  [
    'config: a value for an object',
    { applications: [shop], config: { shop: untyped(8080) } },
    /config\['shop'\]: expected an object, got 8080/,
  ],
  [
    'config: an array for an object',
    { applications: [shop], config: { db: untyped([1]) } },
    /config\['db'\]: expected an object/,
  ],
  [
    'config: a function',
    { applications: [shop], config: { db: { retry: () => 1 } } },
    /config\['db'\]\.retry/,
  ],
]

for (const [what, options, message] of refused) {
  test(`refused by field and value: ${what}`, async () => {
    const failure = await startNode({ name, ...options }).catch((error: unknown) => error)
    assert.instance(failure, BadArgument)
    assert.match(String(failure), message)
    assert.match(String(failure), /startNode: /)
  })
}

test.run()
