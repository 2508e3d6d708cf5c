import { defineConfig } from "vitest/config";

const conditions = ["@gradtape/source"];
const report = process.env.GRADTAPE_TEST_REPORT;

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tests/**/*.test.ts", "examples/**/*.test.ts"],
    pool: "forks",
    testTimeout: 60_000,
    // The file that GRADTAPE_TEST_REPORT names, if any, gets the results as JSON.
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
  },
});
