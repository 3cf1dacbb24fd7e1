"""Pictures of what the registry knows, for programs and people: trees and graphs. Knows no terminal."""
