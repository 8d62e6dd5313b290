/**
 * Names that may not be used, each with what to use instead. Product code has no ambient clock,
 * timer, chance or console and no state of its own at module level, since many nodes share one
 * process and a run must repeat exactly in the simulator; nothing anywhere has `any`, suppressed
 * type errors or notes of work left undone.
 */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import {
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
} from 'typescript/unstable/ast/is'
import { isProduct, lineOf, type Repo, type Violation, violationAt, walk } from './source.ts'

type Ban = {
  readonly instead: string
  /** Paths that may use it: the ports themselves, and the carrier that drives a socket. */
  readonly except: RegExp
}

const ports = /^(runtime\/platform\/|src\/carrier\/quic\/)/
const nowhere = /^$/
const useClock = 'use clock.now() or clock.wallMs() of the Platform'
const useAfter = 'use clock.after(ms, fn) of the Platform'
const useTurn = 'use turn.soon(fn) or turn.later(fn) of the Platform'
const useRandom = 'use random.unit() or random.bytes(size) of the Platform'

const bannedNames: ReadonlyMap<string, Ban> = new Map([
  ['AsyncLocalStorage', { instead: 'pass `self` explicitly', except: nowhere }],
  ['clearInterval', { instead: 'use clock.cancel(handle) of the Platform', except: ports }],
  ['clearTimeout', { instead: 'use clock.cancel(handle) of the Platform', except: ports }],
  ['console', { instead: 'use the log port of the node', except: /^src\/cli\// }],
  ['crypto', { instead: useRandom, except: ports }],
  ['performance', { instead: useClock, except: ports }],
  ['queueMicrotask', { instead: useTurn, except: ports }],
  ['randomBytes', { instead: useRandom, except: ports }],
  ['randomFillSync', { instead: useRandom, except: ports }],
  ['randomUUID', { instead: useRandom, except: ports }],
  ['setImmediate', { instead: useTurn, except: ports }],
  ['setInterval', { instead: useAfter, except: ports }],
  ['setTimeout', { instead: useAfter, except: ports }],
])

const bannedMembers: ReadonlyMap<string, Ban> = new Map([
  ['AbortSignal.timeout', { instead: useAfter, except: ports }],
  ['Date.now', { instead: useClock, except: ports }],
  ['Math.random', { instead: useRandom, except: ports }],
  ['process.env', { instead: 'take it as an option', except: /^(runtime\/platform|src\/cli)\// }],
  ['process.hrtime', { instead: useClock, except: ports }],
  ['process.nextTick', { instead: useTurn, except: ports }],
])

// Written in parts, so that this file does not break its own rule.
const leftover = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`,
)
const suppression = new RegExp(`@ts-${'ignore'}|@ts-${'nocheck'}|biome-${'ignore-all'}`)
const expectation = new RegExp(`@ts-${'expect-error'}`)
/** The linter's own exception, which must give a reason, serves for the existential `any` too. */
const reasonedAny = /biome-ignore lint\/suspicious\/noExplicitAny: \S/

export function bannedRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, text] of repo.texts) found.push(...inText(path, text))
  for (const [path, tree] of repo.trees) {
    walk(tree, (node) => {
      const message = anyType(tree, node) ?? (isProduct(path) ? ambient(path, node) : undefined)
      if (message !== undefined) found.push(violationAt(tree, path, node, message))
    })
  }
  return found
}

function inText(path: string, text: string): Violation[] {
  const found: Violation[] = []
  text.split('\n').forEach((content, index) => {
    const report = (message: string): void => {
      found.push({ path, line: index + 1, message })
    }
    const mark = leftover.exec(content)?.[1]
    if (mark !== undefined) report(`${mark}: do it, or open an issue`)
    if (!path.endsWith('.ts')) return
    if (suppression.test(content)) report('a suppressed check: mend the type instead')
    if (expectation.test(content) && isProduct(path)) {
      report('an expected type error belongs to a test: mend the type instead')
    }
  })
  return found
}

function anyType(tree: SourceFile, node: Node): string | undefined {
  if (node.kind !== SyntaxKind.AnyKeyword) return undefined
  const before = tree.text.split('\n')[lineOf(tree, node.getStart(tree)) - 2] ?? ''
  return reasonedAny.test(before) ? undefined : 'any: use unknown and narrow it'
}

function ambient(path: string, node: Node): string | undefined {
  const [name, ban] = banOf(node) ?? []
  if (name === undefined || ban === undefined || ban.except.test(path)) return undefined
  return `${name}: ${ban.instead}`
}

function banOf(node: Node): [string, Ban | undefined] | undefined {
  if (isNewExpression(node) && isIdentifier(node.expression) && node.expression.text === 'Date') {
    const empty = (node.arguments?.length ?? 0) === 0
    return empty ? ['new Date()', { instead: useClock, except: ports }] : undefined
  }
  if (isPropertyAccessExpression(node) && isIdentifier(node.expression)) {
    const name = node.name.text
    if (node.expression.text === 'globalThis') return [`globalThis.${name}`, bannedNames.get(name)]
    return [`${node.expression.text}.${name}`, bannedMembers.get(`${node.expression.text}.${name}`)]
  }
  if (isIdentifier(node) && !isOnlyAName(node)) return [node.text, bannedNames.get(node.text)]
  return undefined
}

/** A property, member or parameter that happens to share the name, as `record.crypto`. */
function isOnlyAName(node: Node): boolean {
  const { parent } = node
  if (isPropertyAccessExpression(parent)) return parent.name === node
  return namedKinds.includes(parent.kind) && 'name' in parent && parent.name === node
}

const namedKinds: readonly SyntaxKind[] = [
  SyntaxKind.PropertyAssignment,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.PropertySignature,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.GetAccessor,
  SyntaxKind.Parameter,
]
