/**
 * What tidy looks at: the files of the checkout that belong to the project (tracked, or untracked
 * and not ignored) as text, and those in TypeScript as syntax trees. A rule is a pure function of
 * it, so that a rule's own test hands it files that exist only as strings.
 *
 * Trees come from the compiler's own parser (its programming interface is still called unstable,
 * the version is pinned) over a virtual file system, with nothing resolved: parsing only.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'

export type Repo = {
  /** Text by path relative to the root, `/` separators, sorted. */
  readonly texts: ReadonlyMap<string, string>
  readonly trees: ReadonlyMap<string, SourceFile>
}

export type Violation = { readonly path: string; readonly line: number; readonly message: string }
export type Rule = (repo: Repo) => Violation[]

/** Not text, or not written by us. */
const unread = /\.(png|ico|woff2?|gif|jpg|bin)$/

export function repoOf(files: Readonly<Record<string, string>>): Repo {
  const texts = new Map(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { texts, trees: parse(texts) }
}

/** The checkout at `root`. */
export function readRepo(root: string): Repo {
  const paths = projectPaths(root).filter((path) => !unread.test(path))
  return repoOf(
    Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])),
  )
}

export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  node.forEachChild((child) => walk(child, visit))
}

export function lineOf(tree: SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1
}

export function violationAt(
  tree: SourceFile,
  path: string,
  node: Node,
  message: string,
): Violation {
  return { path, line: lineOf(tree, node.getStart(tree)), message }
}

/** Code of the package itself, as opposed to tests and examples. */
export function isProduct(path: string): boolean {
  return /^(runtime|stdlib|src)\//.test(path)
}

/** Path an import specifier names, relative to the root; undefined for packages. */
export function resolveRelative(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined
}

function projectPaths(root: string): string[] {
  try {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
    const options = { cwd: root, encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 26 } as const
    const listed = execFileSync('git', args, options).split('\0')
    return [...new Set(listed)].filter((path) => path !== '' && isFile(join(root, path)))
  } catch {
    // A machine without git, or an unpacked archive: everything but what the build leaves.
    return walkDirectory(root, '')
  }
}

function walkDirectory(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isFile()) return [path]
    const ours = !['node_modules', 'dist', '.git', '.data'].includes(entry.name)
    return entry.isDirectory() && ours ? walkDirectory(root, path) : []
  })
}

/** False for a file git still lists but which is gone from the disk. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function parse(texts: ReadonlyMap<string, string>): Map<string, SourceFile> {
  const paths = [...texts.keys()].filter((path) => path.endsWith('.ts'))
  const project = '/tidy/tsconfig.json'
  const compilerOptions = { noLib: true, noResolve: true, types: [], noEmit: true }
  const files = Object.fromEntries(paths.map((path) => [`/tidy/${path}`, texts.get(path) ?? '']))
  const config = JSON.stringify({ compilerOptions, files: paths })
  const api = new API({ cwd: '/', fs: createVirtualFileSystem({ ...files, [project]: config }) })
  try {
    const program = api.updateSnapshot({ openProjects: [project] }).getProject(project)?.program
    const trees = new Map<string, SourceFile>()
    for (const path of paths) {
      const tree = program?.getSourceFile(`/tidy/${path}`)
      if (tree === undefined) throw new Error(`the compiler did not parse ${path}`)
      trees.set(path, tree)
    }
    return trees
  } finally {
    api.close()
  }
}
