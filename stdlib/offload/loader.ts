/**
 * Node's options for the threads of a pool. Threads inherit those of the process, and that is all a
 * built program needs. TypeScript run from its sources needs tsx in every thread too, and tsx, on
 * Node 20, registers itself in the main thread only: there it is told so by an import of its own.
 */
export function threadArgv(argv: readonly string[], files: readonly URL[]): string[] | undefined {
  const typescript = files.some(({ pathname }) => /\.m?ts$/.test(pathname))
  const tsx = argv.some((option) => /(^|[/=])tsx(\/|$)/.test(option))
  if (!typescript || !tsx) return undefined
  const address = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const register = `import { register } from ${address}; register()`
  return ['--import', `data:text/javascript,${encodeURIComponent(register)}`]
}
