/**
 * Import direction. A file of runtime/, stdlib/ or src/ imports its own layer and the layers before
 * it in one linear list; npm packages and Node's own modules are each confined to the folders named
 * here; the package's entry never loads native code. Tests import anything; examples see only what
 * a user sees.
 */
import { builtinModules } from 'node:module'
import { type Import, importsOf, localImports } from './imports.ts'
import { isProduct, type Repo, resolveRelative, type Violation } from './source.ts'

const layers: readonly string[] = [
  'runtime',
  'stdlib',
  'src/limits',
  'src/metrics',
  'src/hlc',
  'src/crdt',
  'src/wire',
  'src/log',
  'src/identity',
  'src/carrier',
  'src/dist',
  'src/discovery',
  'src/membership',
  'src/broadcast',
  'src/members',
  'src/replica',
  'src/services',
  'src/dht',
  'src/node',
  'src/observer',
  'src/cli',
  'src/testing',
  'src/index',
]

/** npm package -> the only folders or files that import it. */
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  '@matrixai/quic': ['src/carrier/quic/'],
  '@noble/curves': ['src/identity/'],
  '@opentelemetry/api': ['src/observer/'],
  '@peculiar/x509': ['src/identity/'],
  eventemitter3: ['runtime/trace.ts'],
  msgpackr: ['src/wire/'],
  piscina: ['stdlib/offload/'],
  'reflect-metadata': ['src/identity/'],
}

/** Node module -> folders that import it; sockets, files, threads and clocks sit behind ports. */
const builtinHomes: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['src/wire/'],
  'node:crypto': ['runtime/platform/', 'src/identity/', 'src/carrier/', 'src/dist/'],
  'node:dgram': ['src/carrier/quic/'],
  'node:dns': ['runtime/platform/', 'src/carrier/quic/'],
  'node:dns/promises': ['runtime/platform/', 'src/carrier/quic/'],
  'node:fs': ['runtime/platform/', 'src/cli/'],
  'node:fs/promises': ['runtime/platform/', 'src/cli/'],
  'node:http': ['src/observer/'],
  'node:module': ['src/carrier/quic/'],
  'node:net': ['src/carrier/quic/'],
  'node:os': ['runtime/platform/', 'src/cli/'],
  'node:path': ['runtime/platform/', 'src/cli/', 'src/observer/'],
  'node:process': ['runtime/platform/', 'src/cli/'],
  'node:readline': ['src/cli/'],
  'node:url': ['src/cli/', 'src/observer/'],
  'node:util': ['src/cli/'],
  'node:worker_threads': ['src/carrier/worker/', 'stdlib/offload/'],
}

const nativeCode = /^(src\/carrier\/quic\/)/
const entries = ['src/index.ts', 'runtime/index.ts', 'stdlib/index.ts']

export function layerRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, tree] of repo.trees) {
    const judge = isProduct(path)
      ? judgeProduct
      : path.startsWith('examples/')
        ? judgeExample
        : none
    for (const edge of importsOf(tree)) {
      const message = judge(path, edge)
      if (message !== undefined) found.push({ path, line: edge.line, message })
    }
  }
  for (const entry of entries) found.push(...nativeFrom(repo, entry))
  return found
}

function none(): undefined {
  return undefined
}

function judgeProduct(path: string, { specifier }: Import): string | undefined {
  const target = resolveRelative(path, specifier)
  if (target === undefined) return judgePackage(path, specifier)
  const from = layerOf(path)
  const to = layerOf(target)
  if (from === -1) return 'this folder is in no layer: add it to the list in test/tidy/layers.ts'
  if (to === -1) return `${target} is in no layer: product code imports only layers`
  if (to <= from) return undefined
  return `${layers[from]} may not import ${layers[to]}: imports run downwards`
}

function judgePackage(path: string, specifier: string): string | undefined {
  const builtin = specifier.startsWith('node:') || builtinModules.includes(specifier)
  if (builtin && !specifier.startsWith('node:')) return `write node:${specifier}`
  const name = builtin ? specifier : packageOf(specifier)
  const homes = (builtin ? builtinHomes : packageHomes)[name]
  if (homes === undefined) return `${name} has no home: a new dependency needs a decision record`
  if (homes.some((home) => path.startsWith(home))) return undefined
  return `${name} is only for ${homes.join(', ')}: use what that folder exports`
}

function judgeExample(path: string, { specifier }: Import): string | undefined {
  const target = resolveRelative(path, specifier)
  if (target === undefined) {
    const name = packageOf(specifier)
    if (name === 'skein' || specifier.startsWith('node:')) return undefined
    return `an example needs nothing but skein, not ${name}`
  }
  const own = path.split('/').slice(0, 2).join('/')
  return target.startsWith(`${own}/`) ? undefined : `import it as a user does, from 'skein/...'`
}

/** The chain from an entry to native code, by imports that happen at load. */
function nativeFrom(repo: Repo, entry: string): Violation[] {
  const seen = new Set([entry])
  for (const path of seen) {
    for (const { target, edge } of localImports(repo, path)) {
      if (edge.typeOnly || edge.dynamic) continue
      if (nativeCode.test(target) && !nativeCode.test(path)) {
        const message = `${entry} would load native code through this: import it dynamically`
        return [{ path, line: edge.line, message }]
      }
      seen.add(target)
    }
  }
  return []
}

/** `src/wire/codec.ts` and `src/hlc.ts` belong to `src/wire` and `src/hlc`. */
function layerOf(path: string): number {
  const [top = '', second = ''] = path.split('/')
  return layers.indexOf(top === 'src' ? `src/${second.replace(/\.ts$/, '')}` : top)
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
