/** `npm ci` must work from the lock file alone, on every platform. */
import { readFileSync } from 'node:fs'
import { type LockFile, missingOptional } from '../support/complete-lock.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('tidy lock file')

test('every optional package of a locked package is listed: else run npm run lock', () => {
  const lock: LockFile = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  assert.equal(
    missingOptional(lock).map(({ path }) => path),
    [],
  )
})

test('a missing one is found, with its platform', () => {
  const lock: LockFile = {
    packages: {
      'node_modules/a': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { 'a-linux-x64-musl': '1.0.0' },
      },
      'node_modules/b': {
        version: '2.0.0',
        optionalDependencies: { 'b-darwin-universal': '2.0.0' },
      },
    },
  }
  assert.equal(missingOptional(lock), [
    {
      path: 'node_modules/a-linux-x64-musl',
      entry: {
        version: '1.0.0',
        dev: true,
        optional: true,
        os: ['linux'],
        cpu: ['x64'],
        libc: ['musl'],
      },
    },
    {
      path: 'node_modules/b-darwin-universal',
      entry: { version: '2.0.0', optional: true, os: ['darwin'] },
    },
  ])
})

test.run()
