/**
 * Which test files a run takes. Without filters it is every `*.test.ts` under test/ but those of
 * the slow folders, so that a new folder is run unless somebody decided otherwise here.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Run by commands of their own: real networks, long runs, and the documents' programs. */
const apart: readonly string[] = [
  'test/cluster/',
  'test/net/',
  'test/docs.test.ts',
  'test/examples.test.ts',
]

/** Test files, sorted, with `/` separators, relative to `root`. */
export function testFiles(root: string): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'))
    .sort()
}

/** A filter is a part of the path (`test/unit`, `codec`); a file is taken if any of them match. */
export function chooseFiles(files: readonly string[], filters: readonly string[]): string[] {
  if (filters.length === 0) {
    return files.filter((file) => !apart.some((prefix) => file.startsWith(prefix)))
  }
  return files.filter((file) => filters.some((filter) => file.includes(filter)))
}

/** They start threads or processes of the sources, which need the loader they run under. */
const loaded: readonly RegExp[] = [/worker/, /offload/, /bench/, /fuzz/, /simulation/]

/** True for a file that must be run from its source. */
export function needsLoader(file: string): boolean {
  return loaded.some((part) => part.test(file))
}
