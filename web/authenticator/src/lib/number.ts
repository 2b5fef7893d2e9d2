// What a person types as a number, in any of the world's decimal digits that our languages' keyboards make.
const ZEROS = [0x30, 0x660, 0x6f0, 0xff10]; // ASCII, Arabic-Indic, Eastern Arabic-Indic, full width

export function asciiDigits(text: string, max: number): string {
  let out = "";
  for (const letter of text) {
    const point = letter.codePointAt(0) ?? 0;
    const zero = ZEROS.find((first) => point >= first && point <= first + 9);
    if (zero !== undefined) out += String(point - zero);
  }
  return out.slice(0, max);
}
