/** Everything this process writes from now on, kept back. */
export const listen = () => {
  let lines: string[] = []
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }))
  for (const { stream } of streams) {
    stream.write = (chunk: string | Uint8Array) => {
      lines.push(String(chunk))
      return true
    }
  }
  return {
    /** What was written since the last time. */
    taken: (): readonly string[] => {
      const taken = lines
      lines = []
      return taken
    },
    stop: () => {
      for (const { stream, write } of streams) stream.write = write
    },
  }
}
