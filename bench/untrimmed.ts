import { build } from 'esbuild'
import { packagedFunctions } from '../build/functions.ts'
import { root } from './child.ts'

/**
 * The functions as `npm run build` bundles them, but for what it leaves out or words otherwise.
 *
 * @returns the modules whose bundle holds a client of AWS
 */
export const bundleUntrimmed = async (folder: string): Promise<ReadonlySet<string>> => {
  const functions = await packagedFunctions(root)
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: functions.map(({ module }) => ({ in: `${module}.ts`, out: module })),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    // Native parts, which nobody has built: ssh2 does without them.
    external: ['cpu-features', '*.node'],
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const withClient = Object.values(metafile.outputs).filter(({ inputs }) =>
    Object.keys(inputs).some((path) => path.includes('/@aws-sdk/client-')),
  )
  return new Set(withClient.flatMap(({ entryPoint = '' }) => entryPoint.replace(/\.ts$/, '')))
}
