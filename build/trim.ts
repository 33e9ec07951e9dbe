import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const standIn = (name: string) => fileURLToPath(new URL(`stand-ins/${name}.ts`, import.meta.url))

/** What is left out of a bundle, by the name it is imported under, and what stands there. */
const replaced: readonly (readonly [imported: RegExp, standsThere: string, importer?: RegExp])[] = [
  [/^form-data$/, 'nothing'],
  [/^follow-redirects$/, 'node-only'],
  [/^https-proxy-agent$/, 'unused-class'],
  [/^proxy-from-env$/, 'no-proxy'],
  [/\/Http2Sessions\.js$/, 'unused-class', /\/axios\//],
  [/^http2$/, 'nothing', /\/axios\//],
  [/\/xhr\.js$/, 'nothing', /\/axios\//],
  [/\/fetch\.js$/, 'no-fetch', /\/axios\//],
  [/\/formDataToStream\.js$/, 'nothing', /\/axios\//],
  [/^util$/, 'nothing', /\/axios\//],
  [/^zlib$/, 'late-zlib', /\/axios\//],
  [/^@aws-sdk\/credential-provider-node$/, 'credentials'],
  [/\/(?:SFTP|server|keygen|http-agents)\.js$/, 'nothing', /\/ssh2\//],
  // For keys under a passphrase, of which a function would need to know it.
  [/^bcrypt-pbkdf$/, 'nothing', /\/ssh2\//],
  [/^cpu-features$/, 'nothing', /\/ssh2\//],
]

/**
 * What is worded otherwise in a bundle. Looking at the global FormData makes Node load its whole `fetch`: 15 ms of
 * processor time at each cold start.
 */
const reworded: readonly (readonly [file: RegExp, words: string, instead: string])[] = [
  [/\/axios\/lib\/utils\.js$/, "typeof G.FormData !== 'undefined' ? G.FormData : undefined", 'undefined'],
]

/**
 * Leave out what no function of ours can reach. Of axios that is two thirds: the table of all media types for form
 * data, redirects, proxies, and its ways to send other than Node's; of ssh2 half: servers, files, key pairs.
 */
export const trim: Plugin = {
  name: 'trim',
  setup: (build) => {
    for (const [filter, name, importer] of replaced) {
      build.onResolve({ filter }, (asked) =>
        importer === undefined || importer.test(asked.importer) ? { path: standIn(name) } : undefined,
      )
    }
    // Native, and optional: ssh2 goes on without, on whatever machine the bundle was made.
    build.onResolve({ filter: /\/sshcrypto\.node$/ }, ({ path }) => ({ path, external: true }))
    for (const [filter, words, instead] of reworded) {
      build.onLoad({ filter }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        if (!text.includes(words)) return { errors: [{ text: `${path} has other words than trim.ts knows` }] }
        return { contents: text.replace(words, instead) }
      })
    }
  },
}
