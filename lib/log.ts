/**
 * One JSON object per line on standard output, the form CloudWatch and people's tools both read.
 * Nothing is logged that was not named by the caller: secrets stay out because nobody passes them in.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

export type Level = 'debug' | 'info' | 'warn' | 'error'

const rank: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 }

const isLevel = (text: string): text is Level => Object.hasOwn(rank, text)

/** A logger that writes lines of at least `threshold`. */
export const logger = (threshold = 'info', write = (line: string) => process.stdout.write(line)) => {
  const least = rank[isLevel(threshold) ? threshold : 'info']
  const at =
    (level: Level) =>
    (message: string, fields: LogFields = {}) => {
      if (rank[level] < least) return
      write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export type Logger = ReturnType<typeof logger>
