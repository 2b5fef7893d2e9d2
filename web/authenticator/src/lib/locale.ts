// The language of the page: what its owner chose, else the first of the browser's languages that we speak.
import { baseLocale, isLocale, locales, overwriteGetLocale } from "../paraglide/runtime.js";

export type Locale = (typeof locales)[number];

export const names: Record<Locale, string> = {
  en: "English",
  fr: "Français",
  de: "Deutsch",
  es: "Español",
  ja: "日本語",
  ar: "العربية",
};

export function pickLocale(wanted: string | undefined, languages: readonly string[]): Locale {
  for (const tag of [wanted ?? "", ...languages]) {
    const language = tag.toLowerCase().split("-")[0];
    if (isLocale(language)) return language;
  }
  return baseLocale;
}

export function direction(locale: Locale): "ltr" | "rtl" {
  return locale === "ar" ? "rtl" : "ltr";
}

export function use(locale: Locale): void {
  overwriteGetLocale(() => locale);
}
