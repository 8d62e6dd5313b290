/** Machine paths, registries and lock file addresses are found; lookalikes are spared. */
import { assert, suite } from '../support/harness.ts'
import { namesRule } from './names.ts'
import { findings } from './planted.ts'

const test = suite('tidy names')
/** Put together here, so that this file does not hold what it plants. */
const path = (...parts: string[]): string => ['', ...parts].join('/')

test('paths of one machine are violations', () => {
  for (const folder of ['work', 'tmp', 'home', 'root', 'Users']) {
    const found = findings(namesRule, { 'docs/a.md': `see ${path(folder, 'x')}` })
    assert.equal(found, ['docs/a.md:1: a path of one machine: use a relative path, or os.tmpdir()'])
  }
  const spared = `src/${path('home', 'x').slice(1)} https://example.org${path('work', 'x')}`
  assert.equal(findings(namesRule, { 'docs/a.md': spared }), [])
})

test('registries and tools of one machine are violations', () => {
  const host = ['registry', 'example', 'org'].join('.')
  const tool = ['farm', 'tool'].join('-')
  assert.equal(findings(namesRule, { '.npmrc': host, 'docs/a.md': tool }), [
    '.npmrc:1: a package registry: leave the choice to the reader',
    'docs/a.md:1: a tool that exists on one machine only',
  ])
})

test('the lock file holds no addresses', () => {
  const lock = '{\n  "version": "1.0.0",\n  "resolved": "x",\n  "integrity": "y"\n}'
  const found = findings(namesRule, { 'package-lock.json': lock, 'docs/a.json': lock })
  assert.equal(found, ['package-lock.json:3: an address: npm has omit-lockfile-registry-resolved'])
})

test.run()
