/**
 * Completes package-lock.json: `npm install` leaves out optional packages for other platforms that
 * the registry in use does not hold, and `npm ci` then refuses the lock file everywhere. Each is
 * listed with its version and platform, as npm itself would, so that only machines of that
 * platform ever ask for it. Run by `npm run lock`.
 */
import { readFileSync, writeFileSync } from 'node:fs'

export type LockedPackage = {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

export type LockFile = { packages: Record<string, LockedPackage> }

/** Optional packages that are asked for and not listed, with who asks. */
export function missingOptional(lock: LockFile): { path: string; entry: LockedPackage }[] {
  const missing: { path: string; entry: LockedPackage }[] = []
  for (const asking of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(asking.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      if (path in lock.packages) continue
      const dev = asking.dev === true ? { dev: true } : {}
      missing.push({ path, entry: { version, ...dev, optional: true, ...platformOf(name) } })
    }
  }
  return missing
}

/** The platform a package is for, by its name: `...-linux-x64-musl`, `...-darwin-universal`. */
function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const match = /(android|darwin|freebsd|linux|win32)-(\w+)(?:-(musl|gnu))?$/.exec(name)
  if (match === null) throw new Error(`cannot tell the platform of optional package ${name}`)
  const [, os = '', cpu = '', libc] = match
  return {
    os: [os],
    ...(cpu === 'universal' ? {} : { cpu: [cpu] }),
    ...(libc === undefined ? {} : { libc: [libc === 'gnu' ? 'glibc' : libc] }),
  }
}

if (process.argv[1]?.endsWith('complete-lock.ts')) {
  const lock: LockFile = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  for (const { path, entry } of missingOptional(lock)) lock.packages[path] = entry
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(sorted)
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
}
