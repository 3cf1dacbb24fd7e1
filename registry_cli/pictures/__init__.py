"""Floor 6: trees and graphs of a registry, as text for programs and people. Knows no terminal."""
