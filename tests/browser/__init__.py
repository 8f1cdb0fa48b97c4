"""The pages in a real Chromium, served by a running site with a real worker."""
