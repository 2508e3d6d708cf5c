/** A grey image as a data URI: a Windows bitmap of 16 greys, which every browser shows and no library is needed for. `scale` repeats nothing: one byte per pixel, 0 is black. */
export function bitmapUri(pixels: Uint8Array, width: number, height: number): string {
  const stride = Math.ceil(width / 8) * 4;
  const start = 14 + 40 + 16 * 4;
  const bytes = new Uint8Array(start + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, start, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true); // rows from the top
  view.setUint16(26, 1, true);
  view.setUint16(28, 4, true);
  view.setUint32(46, 16, true);
  for (let grey = 0; grey < 16; grey++) bytes.fill(17 * grey, 54 + 4 * grey, 57 + 4 * grey);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) bytes[start + y * stride + (x >> 1)] |= Math.round(pixels[y * width + x] / 17) << (x % 2 === 0 ? 4 : 0);
  return `data:image/bmp;base64,${btoa(String.fromCharCode(...bytes))}`;
}
