import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fuzz } from './images/fuzz.ts'
import { mutantsOf } from './images/mutate.ts'
import { type Kind, makeImages } from './images/support.ts'
import { MiB } from './support.ts'

let folder: string
let images: Readonly<Record<Kind, Buffer>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'))
  images = await makeImages(folder, MiB)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('takes or refuses whatever is made of a good image, and does nothing else', async () => {
  const { taken, refused } = await fuzz({ images, seed: 1, cases: 2000 })

  expect(refused).toBeGreaterThan(500)
  expect(Object.keys(taken)).toContain('qcow2 3')
})

test('the same seed makes the same cases, whatever was made before', () => {
  const first = mutantsOf(images, 7)
  const second = mutantsOf(images, 7)
  for (let index = 0; index < 300; index += 1) first(index)

  for (const index of [0, 299, 150, 20, 21]) {
    expect(first(index).content.equals(second(index).content), `case ${index}`).toBe(true)
  }
})
