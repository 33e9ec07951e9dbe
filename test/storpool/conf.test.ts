import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { confFiles, hostsOf, parseConf, readConf, settingsOf } from '../../lib/storpool/conf.ts'

const sections = (text: string) =>
  Object.fromEntries([...parseConf(text)].map(([name, settings]) => [name, Object.fromEntries(settings)]))

test.each([
  ['a setting', 'A=1\n', { A: '1' }],
  ['blanks around key and value', '  A \t= \t1 2  \t\n', { A: '1 2' }],
  ['no value', 'A=\n', { A: '' }],
  ['an equals sign in a value', 'A=b=c\n', { A: 'b=c' }],
  ['percent signs', 'A=50%\nB=%(A)s\nC=%%\n', { A: '50%', B: '%(A)s', C: '%%' }],
  ['quotes, which are part of the value', 'A="x y"\nB=\'z\'\n', { A: '"x y"', B: "'z'" }],
  ['a number sign in a value, which begins no comment', 'A=1 # one\nB=;2\n', { A: '1 # one', B: ';2' }],
  ['comment lines', '# A=1\n  ; B=2\n\n\t\nC=3\n', { C: '3' }],
  ['a line joined on by a backslash', 'A=1 \\\n   2\\\n3  \nB=4\n', { A: '1    23', B: '4' }],
  ['a backslash that joins nothing', 'A=a\\b\nB=c\\ \n', { A: 'a\\b', B: 'c\\' }],
  ['a key that is there twice', 'A=1\nA=2\n', { A: '2' }],
  ['line ends of another system', 'A=1\r\nB=2\rC=3', { A: '1', B: '2', C: '3' }],
  ['a last line without an end', 'A=1', { A: '1' }],
  [
    'names objects have already',
    '__proto__=1\nconstructor=2\n',
    JSON.parse('{"__proto__":"1","constructor":"2"}'),
  ],
])('a file may have %s', (_, text, settings) => {
  expect(sections(text)).toEqual({ '': settings })
})

test('a file has sections, each for a host, in as many places as it likes', () => {
  const text = 'A=1\n[h1]\nA=2\nB=3\n\n [ h 2 ] \nA=4\n[h1]\nB=5\n[empty]\n'

  expect(sections(text)).toEqual({
    '': { A: '1' },
    h1: { A: '2', B: '5' },
    'h 2': { A: '4' },
    empty: {},
  })
})

test.each(['SP_AUTH_TOKEN 155', 'SP_AUTH_TOKEN', '=155', 'SP AUTH=155', '[h1', '[h1] # 155', '[]', 'A[=155'])(
  '%j is an error that names the line and not what is in it',
  (line) => {
    expect(() => parseConf(`A=1\n\n${line}\n`, '/etc/storpool.conf')).toThrow(
      '/etc/storpool.conf, line 3: neither KEY=value nor [host] nor a comment',
    )
    expect(() => parseConf(line)).not.toThrow(/155/)
  },
)

test('what is written out is read back', () => {
  const key = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,20}$/)
  const value = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\p{C}\p{Z}\\]/gu, ''))
  const host = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/)
  const settings = fc.dictionary(key, value)
  fc.assert(
    fc.property(settings, fc.dictionary(host, settings), (globals, hosts) => {
      const lines = (of: Record<string, string>) => Object.entries(of).map(([k, v]) => `${k} = ${v}\n`)
      const text = [
        ...lines(globals),
        ...Object.entries(hosts).flatMap(([name, of]) => [`[${name}]\n`, ...lines(of)]),
      ].join('')
      expect(JSON.stringify(sections(text))).toBe(JSON.stringify({ '': globals, ...hosts }))
    }),
  )
})

test('files are read one by one, the globals and then the host of each: a later global beats an earlier host', () => {
  const files = [
    'A=global 1\nB=global 1\nC=global 1\n[me]\nA=me 1\nB=me 1\n[you]\nC=you 1\n',
    'A=global 2\n[you]\nB=you 2\n',
    '[me]\nD=me 3\n',
  ].map((text) => parseConf(text))

  expect(settingsOf(files, 'me')).toMatchObject({ A: 'global 2', B: 'me 1', C: 'global 1', D: 'me 3' })
  expect(settingsOf(files, 'you')).toMatchObject({ A: 'global 2', B: 'you 2', C: 'you 1' })
})

test('without files there is the usual address, and no token', () => {
  expect(settingsOf([], 'me')).toEqual({ SP_API_HTTP_HOST: '127.0.0.1', SP_API_HTTP_PORT: '81' })
})

test('the environment beats the files in three settings and in no other', () => {
  const files = [parseConf('SP_AUTH_TOKEN=1\nSP_API_HTTP_HOST=a\nSP_API_HTTP_PORT=82\nSP_OURID=5\n')]
  const environment = {
    SP_AUTH_TOKEN: '2',
    SP_API_HTTP_HOST: 'b',
    SP_API_HTTP_PORT: '83',
    SP_OURID: '6',
    SP_OTHER: '7',
  }

  expect(settingsOf(files, 'me', environment)).toEqual({
    SP_AUTH_TOKEN: '2',
    SP_API_HTTP_HOST: 'b',
    SP_API_HTTP_PORT: '83',
    SP_OURID: '5',
  })
  expect(settingsOf(files, 'me', { SP_API_HTTP_HOST: 'b' })).toMatchObject({
    SP_AUTH_TOKEN: '1',
    SP_API_HTTP_HOST: 'b',
  })
})

test('every section with an id names a host and its client id, the last file to say so', () => {
  const files = ['SP_OURID=9\n[a]\nSP_OURID=1\n[b]\nSP_OURID=2\nX=y\n[c]\nX=y\n', '[b]\nSP_OURID=4095\n'].map(
    (text) => parseConf(text),
  )

  expect(hostsOf(files)).toEqual({ a: 1, b: 4095 })
})

test.each(['0', '4096', '-1', '1.5', '1e2', 'x', '', '99999999999'])(
  'an id of %j is an error that names the host',
  (id) => {
    expect(() => hostsOf([parseConf(`[host-3]\nSP_OURID=${id}\n`)])).toThrow(
      'SP_OURID of host-3 is not a number from 1 to 4095',
    )
  },
)

const machine = (files: Record<string, string>) => {
  const folder = mkdtempSync(join(tmpdir(), 'storpool-conf-'))
  mkdirSync(join(folder, 'storpool.conf.d'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return {
    path: join(folder, 'storpool.conf'),
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

test('files of the folder come after the main one, sorted; others and hidden ones do not count', () => {
  using at = machine({
    'storpool.conf': 'A=main\nB=main\nC=main\nD=main\n',
    'storpool.conf.d/20.conf': 'B=20\nC=20\n',
    'storpool.conf.d/100.conf': 'B=100\nA=100\n',
    'storpool.conf.d/.30.conf': 'D=hidden\n',
    'storpool.conf.d/40.conf~': 'D=backup\n',
    'storpool.conf.d/50.txt': 'no settings',
  })

  const settings = readConf({ path: at.path, host: 'me', environment: { SP_API_HTTP_PORT: '90' } })

  expect(settings).toEqual({
    A: '100',
    B: '20',
    C: '20',
    D: 'main',
    SP_API_HTTP_HOST: '127.0.0.1',
    SP_API_HTTP_PORT: '90',
  })
})

test('a machine without any file is told so by the settings that are missing', () => {
  expect(confFiles('/nowhere/storpool.conf')).toEqual([])
  expect(readConf({ path: '/nowhere/storpool.conf' })).not.toHaveProperty('SP_AUTH_TOKEN')
})

test('a broken file of the folder is named', () => {
  using at = machine({ 'storpool.conf': 'A=1\n', 'storpool.conf.d/x.conf': '\nA=1\nB\n' })

  expect(() => confFiles(at.path)).toThrow(`${join(at.folder, 'storpool.conf.d', 'x.conf')}, line 3: `)
})

test('a file that is there and cannot be read is an error', () => {
  using at = machine({})
  mkdirSync(join(at.folder, 'storpool.conf'))

  expect(() => confFiles(at.path)).toThrow('EISDIR')
})
