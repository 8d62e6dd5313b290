/**
 * Test files as plain JavaScript, made once for a run: loading the sources through a loader takes
 * longer than most tests do. What the files share lies in chunks that they import.
 *
 * Invariant: code sees the URL of its source in `import.meta.url`, so that what it finds beside
 * itself, and the programs and threads it starts, are those of the sources.
 */
import { readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** What `import.meta.url` becomes. */
const urlName = 'sourceUrlOfThisFile'
const directory = 'node_modules/.cache/skein-tests'

const sourceUrl: Plugin = {
  name: 'source url',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (!text.includes('import.meta.url')) return { contents: text, loader: 'ts' }
      // On the first line, so that the others keep their numbers.
      const url = `const ${urlName} = ${JSON.stringify(pathToFileURL(path).href)};`
      return { contents: url + text, loader: 'ts' }
    })
  },
}

/** The program of each of `files`, relative to `root` like them. Rejects when one is broken. */
export async function bundle(
  root: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const outdir = join(root, directory)
  await rm(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...files],
    outdir,
    outbase: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    keepNames: true,
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'error',
    define: { 'import.meta.url': urlName },
    plugins: [sourceUrl],
  })
  const programs = Object.entries(metafile.outputs).flatMap(([output, { entryPoint }]) =>
    entryPoint === undefined ? [] : [[relative(root, join(root, entryPoint)), output] as const],
  )
  return new Map(programs)
}
