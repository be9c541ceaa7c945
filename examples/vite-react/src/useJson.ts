import { useEffect, useState } from 'react'

/** Fetches JSON once; null until it is there. */
export function useJson<T>(url: string): T | null {
  const [data, setData] = useState<T | null>(null)

  useEffect(() => {
    const controller = new AbortController()
    fetch(url, { signal: controller.signal })
      .then((response) => response.json())
      .then(setData)
      .catch((error) => {
        if (!controller.signal.aborted) console.error(error)
      })
    return () => controller.abort()
  }, [url])

  return data
}
