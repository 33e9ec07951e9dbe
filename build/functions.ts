import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { parseServiceFile } from '../local/yaml.ts'

const ServiceFile = z.object({
  functions: z.record(
    z.string(),
    z.object({
      handler: z.string().regex(/^functions\/.+\.handler$/),
      package: z.strictObject({ artifact: z.string().regex(/^dist\/.+\.zip$/) }),
    }),
  ),
})

export interface Packaged {
  /** Its key in `serverless.yml`. */
  readonly name: string
  /** Its module without an extension, which is also where Lambda looks for it, such as `functions/jobs/get`. */
  readonly module: string
  /** Where its zip is put, such as `dist/functions/jobs/get.zip`. */
  readonly artifact: string
}

/** The functions of `serverless.yml`, and where each one's zip is expected. */
export const packagedFunctions = async (root: string): Promise<readonly Packaged[]> => {
  const file = ServiceFile.parse(parseServiceFile(await readFile(join(root, 'serverless.yml'), 'utf8')))
  return Object.entries(file.functions).map(
    ([
      name,
      {
        handler,
        package: { artifact },
      },
    ]) => ({
      name,
      module: handler.replace(/\.handler$/, ''),
      artifact,
    }),
  )
}
