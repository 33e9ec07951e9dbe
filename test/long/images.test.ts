import { copyFileSync, mkdtempSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import type { ImageFormat } from '../../lib/agent/tasks.ts'
import { type Info, questions } from '../agent/images/compare.ts'
import { fuzz, type Outcome } from '../agent/images/fuzz.ts'
import { makeImages } from '../agent/images/support.ts'
import { MiB } from '../agent/support.ts'

const cases = Number(process.env.IMAGE_FUZZ_CASES ?? 200_000)
const samples = Number(process.env.IMAGE_FUZZ_SAMPLES ?? 2000)
const seed = Number(process.env.IMAGE_FUZZ_SEED ?? Date.now() % 1_000_000)

/** What is refused here and opened by qemu-img, and why it is right to refuse it. */
const stricter: readonly [RegExp, string][] = [
  [
    /several formats|image was called|is not a format that is taken/,
    'it has a second signature: two programs would read two disks from it',
  ],
  [
    /parent|backing|data file|snapshots|encrypted|bitmaps|differencing|extent|log waits|VMDK of kind/,
    'it names or may need something else, which qemu-img passes over or looks for later',
  ],
  [
    /beyond the end|cut short|is missing|before its header/,
    'it is not all there: qemu-img reads zeros for what lies behind the end of a file',
  ],
  [
    /over \d+ [MG]iB|too wide|of its (disk|descriptor|reference table) is not allowed|(grains|blocks|tables?) of/,
    'it asks for more memory than any program that writes such images does',
  ],
  [
    /odd place|overlap|unknown|say once|differ|no bytes|beyond any disk|corrupt|counts no|longer than|more blocks|besides data|wrong|contradict|no end|twice|not 512 bytes|too small|a header of|clusters of|version|of an unknown|too short|is empty|no header|lies in a region|nowhere|another kind/,
    'it says what no program writes, where qemu-img does not look until it needs it',
  ],
]

interface Asked {
  readonly name: string
  readonly declared: ImageFormat
  readonly outcome: Outcome
}

/** The seed makes the same changes, but qemu-img makes no image twice: what went wrong is kept. */
const keep = (file: string) => {
  const kept = join(mkdtempSync(join(tmpdir(), 'image-fuzz-')), basename(file))
  copyFileSync(file, kept)
  return kept
}

/** How the two judge one image; a sentence where what is taken here is something else there. */
const judge = ({ declared, outcome }: Asked, info: Info | undefined) => {
  if (outcome.kind === 'refused') return info === undefined ? 'both refuse' : 'only refused here'
  if (info === undefined) return 'WRONG: qemu-img does not open it'
  if (info.format !== declared) return `WRONG: a ${info.format} to qemu-img`
  if (info['virtual-size'] !== outcome.inspected.virtualSize) {
    return `WRONG: ${info['virtual-size']} bytes to qemu-img, ${outcome.inspected.virtualSize} here`
  }
  if (info['backing-filename'] !== undefined) return 'WRONG: a backing file'
  if (info['format-specific']?.data['data-file'] !== undefined) return 'WRONG: a data file'
  return 'both take, as the same'
}

test(`whatever is taken of ${cases} changed images, qemu-img opens as the same disk`, {
  timeout: 1_800_000,
}, async () => {
  console.log(`IMAGE_FUZZ_SEED=${seed} IMAGE_FUZZ_CASES=${cases} IMAGE_FUZZ_SAMPLES=${samples}`)
  const folder = await mkdtemp(join(tmpdir(), 'images-'))
  try {
    const images = await makeImages(folder, MiB)
    const verdicts: Record<string, number> = {}
    const wrong: string[] = []
    const stricterFor: Record<string, number> = {}
    let sampled = 0
    const asked = questions<Asked>(folder, (about, info, file) => {
      const verdict = judge(about, info)
      const kind = verdict.startsWith('WRONG') ? 'wrong' : verdict
      verdicts[kind] = (verdicts[kind] ?? 0) + 1
      if (kind === 'wrong') wrong.push(`${about.name}: ${verdict}: ${keep(file)}`)
      if (verdict !== 'only refused here' || about.outcome.kind !== 'refused') return
      const { reason } = about.outcome
      const [, why] = stricter.find(([pattern]) => pattern.test(reason)) ?? []
      const key = why ?? `UNEXPLAINED: ${reason.replaceAll(/\d+/g, 'N')}`
      stricterFor[key] = (stricterFor[key] ?? 0) + 1
      if (why === undefined)
        wrong.push(`${about.name}: only refused here, unexplained: ${reason}: ${keep(file)}`)
    })
    const started = performance.now()
    const result = await fuzz({
      images,
      seed,
      cases,
      onCase: async (index, { base, declared, content }, outcome) => {
        const isSample = index % Math.ceil(cases / samples) === 0
        if (isSample) sampled += 1
        if (!isSample && outcome.kind === 'refused') return
        await asked.add({ name: `case ${index}, a ${base}`, declared, outcome }, content)
      },
    })
    await asked.end()
    console.log({
      ...result,
      sampled,
      verdicts,
      stricterFor,
      seconds: Math.round((performance.now() - started) / 1000),
    })

    expect(wrong).toEqual([])
    expect(result.refused + Object.values(result.taken).reduce((sum, count) => sum + count, 0)).toBe(cases)
    // A bound against endless searches, not a measurement.
    expect(result.slowestMs).toBeLessThan(10_000)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
