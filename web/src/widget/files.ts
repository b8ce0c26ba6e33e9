// Camera text that is pasted, and camera files that are dropped: checked here in the node's words, then put into ComfyUI's input folder.

import { parseCameraText } from '../maths/file'
import { PathError } from '../maths/error'

const LARGEST = 8 << 20 // bytes; a path of 256 views has less than 0.1 MB

/** Listen for camera text on an element. `accept` gets a name and the text, `complain` gets words for the user. */
export function acceptCameraText(element: HTMLElement, accept: (name: string, text: string) => void, complain: (words: string) => void): void {
  const offer = (name: string, text: string): void => {
    try {
      parseCameraText(text, name)
    } catch (error) {
      if (!(error instanceof PathError)) throw error
      return complain(error.message)
    }
    accept(name, text)
  }
  element.addEventListener('paste', (event) => {
    if (event.composedPath()[0] instanceof HTMLInputElement) return // a number into the table
    event.preventDefault()
    offer('pasted_cameras.txt', event.clipboardData?.getData('text/plain') ?? '')
  })
  element.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
  })
  element.addEventListener('drop', (event) => {
    const file = event.dataTransfer?.files[0]
    if (!file) return
    event.preventDefault()
    event.stopPropagation()
    if (!/\.txt$/i.test(file.name)) return complain(`file: wanted CameraCtrl or RealEstate10K text (.txt), got ${file.name}`)
    if (file.size > LARGEST) return complain(`file: wanted at most 8 MB, got ${(file.size / 2 ** 20).toFixed(0)} MB in ${file.name}`)
    file.text().then(
      (text) => offer(file.name, text),
      () => complain(`file: ${file.name} could not be read; drop it again`)
    )
  })
}
