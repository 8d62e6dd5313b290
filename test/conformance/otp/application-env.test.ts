/**
 * The configuration of applications (rule K5), and definitions and arguments that are refused.
 */
import { BadArgument } from '../../../runtime/index.ts'
import {
  type Application,
  application,
  configureApplications,
  getEnv,
  loadApplication,
  setEnv,
  startApplication,
  startLink,
  stopApplication,
  unloadApplication,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess } from './one-node.ts'
import { idle, ok, recorded, untyped } from './recorded.ts'

const test = suite('otp: application configuration')

test('K5 defaults, then config when it is loaded, then setEnv, until it is unloaded', () =>
  inProcess(async (self) => {
    const shop = application('shop', { env: { port: 80, host: 'a', tls: false } })
    const missing = { tag: 'notLoaded', application: 'shop' }
    assert.equal(await failureOf(getEnv(self, shop, 'port')), missing)
    assert.equal(await failureOf(setEnv(self, shop, 'port', 1)), missing)
    await configureApplications(self, { shop: { port: 8080, host: 'b' }, other: { x: 1 } })
    await loadApplication(self, shop)
    await configureApplications(self, { shop: { port: 1 } })
    const values = async () => [
      await getEnv(self, shop, 'port'),
      await getEnv(self, shop, 'host'),
      await getEnv(self, shop, 'tls'),
    ]
    assert.equal(await values(), [8080, 'b', false], 'config over defaults, at load')
    await setEnv(self, shop, 'host', 'c')
    await startApplication(self, shop)
    await stopApplication(self, shop)
    assert.equal(await values(), [8080, 'c', false], 'setEnv survives stop and start')
    await unloadApplication(self, shop)
    await loadApplication(self, shop)
    assert.equal(await values(), [1, 'a', false], 'and is lost when it is unloaded')
  }))

test('K5 the configuration can be read while the application starts', () =>
  inProcess(async (self) => {
    let seen = 0
    const shop: Application<{ port: number }> = application('shop', {
      env: { port: 80 },
      start: async (own) => {
        seen = await getEnv(own, shop, 'port')
        return startLink(own, idle)
      },
    })
    assert.equal(await startApplication(self, shop), ok)
    assert.is(seen, 80)
  }))

const badDefinitions: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['an empty name', () => application(''), /module name/],
  [
    'a start that is none',
    () => application('a', { start: untyped(1) }),
    /start: expected a function/,
  ],
  [
    'phases without run',
    () => application('a', { startPhases: [untyped({ name: 'x' })] }),
    /startPhases/,
  ],
  ['a function in env', () => application('a', { env: { f: () => 1 } }), /env\.f/],
  [
    'env that is no object',
    () => application('a', { env: untyped([1]) }),
    /env: expected an object/,
  ],
  ['a dependency that is none', () => application('a', { dependsOn: [untyped(5)] }), /dependsOn/],
  ['a negative shutdown', () => application('a', { shutdown: -1 }), /shutdown: expected/],
]

for (const [what, make, message] of badDefinitions) {
  test(`a definition with ${what} is refused where it is written`, () => {
    assert.throws(make, (thrown: unknown) => {
      return thrown instanceof BadArgument && message.test(thrown.message)
    })
  })
}

test('bad arguments of the functions are refused by name', () =>
  inProcess(async (self) => {
    const refusal = async (promise: Promise<unknown>): Promise<string> => {
      try {
        await promise
      } catch (thrown) {
        if (thrown instanceof BadArgument) return thrown.message
      }
      throw new Error('it should have been refused')
    }
    const shop = recorded('shop', [])
    assert.match(await refusal(startApplication(self, untyped(5))), /got 5/)
    const always = startApplication(self, shop, { type: untyped('always') })
    assert.match(await refusal(always), /type: expected permanent/)
    assert.match(
      await refusal(configureApplications(self, untyped({ shop: 1 }))),
      /config\['shop'\]/,
    )
    await startApplication(self, shop)
    assert.match(await refusal(startApplication(self, recorded('shop', []))), /two modules/)
  }))

test.run()
