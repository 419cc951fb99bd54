// Submits a form with HttpClient's own defaults, which offer h2c, and prints status and body.
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;

class Submit {
    public static void main(String[] given) throws Exception {
        var url = URI.create(given[0]);
        var body = new ByteArrayOutputStream();
        body.write(("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n" + given[2]
            + "\r\n--b\r\nContent-Disposition: form-data; name=\"startImage\"\r\n"
            + "Content-Type: image/png\r\n\r\n").getBytes());
        body.write(Files.readAllBytes(Path.of(given[3])));
        body.write("\r\n--b--\r\n".getBytes());
        var client = HttpClient.newHttpClient();
        for (var publisher : new HttpRequest.BodyPublisher[] {
            HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()),
            HttpRequest.BodyPublishers.ofInputStream(  // in chunks
                () -> new java.io.ByteArrayInputStream(body.toByteArray()))}) {
            var request = HttpRequest.newBuilder(url).header("Authorization", given[1])
                .header("Content-Type", "multipart/form-data; boundary=b").POST(publisher).build();
            var answer = client.send(request, BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        }
    }
}
