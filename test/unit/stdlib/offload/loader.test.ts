/** When threads get a loader of their own: TypeScript under tsx, and never otherwise. */
import { threadArgv } from '../../../../stdlib/offload/loader.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('offload loader')

const source = new URL('file:///program/tasks.ts')
const built = new URL('file:///program/tasks.js')
const inlined = new URL('data:text/javascript,export const ts = 1')

test('TypeScript in a process under tsx registers it in the thread', () => {
  const ways = [
    ['--import', 'tsx'],
    ['--import=tsx'],
    ['--require', '/modules/tsx/dist/preflight.cjs'],
    ['--import', 'file:///modules/tsx/dist/loader.mjs'],
  ]
  for (const argv of ways) {
    const [option, address] = threadArgv(argv, [built, source]) ?? []
    assert.is(option, '--import')
    assert.match(decodeURIComponent(address ?? ''), /^data:text\/javascript,import \{ register \}/)
  }
  assert.ok(threadArgv(['--import', 'tsx'], [new URL('file:///tasks.mts')]))
})

test('built programs, and processes without tsx, leave threads as they are', () => {
  assert.is(threadArgv(['--import', 'tsx'], [built, inlined]), undefined)
  assert.is(threadArgv([], [source]), undefined)
  assert.is(threadArgv(['--import', './tsxy.js', '--title=mytsx'], [source]), undefined)
})

test.run()
